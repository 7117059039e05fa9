"""Settings come from the text and the command line, and every mistake is named where it stands."""

import pytest

from netdsl.errors import NetError
from netdsl.language.load import parse
from netdsl.training.block.override import parse_override, plain_override
from netdsl.training.block.settings import Settings, read_losses, read_metrics, read_settings
from netdsl.training.block.stop import Early
from netdsl.training.optimise.clip import ClipNorm
from netdsl.training.optimise.loss import CrossEntropy, Mse
from netdsl.training.optimise.optimiser import Adam, Sgd
from netdsl.training.optimise.schedule import MultiStep, Plateau

NET = "net N {\n  input x: 4\n  d: dense(2)\n}\n"


def settings(*lines, overrides=()):
    net = parse(NET + "train N {\n" + "\n".join(lines) + "\n}\n")
    return read_settings(net.settings, [line for text in overrides for line in parse_override(text)])


def mistakes(*lines, overrides=()):
    with pytest.raises(NetError) as caught:
        settings(*lines, overrides=overrides)
    return caught.value.diagnostics


def test_a_net_without_a_train_block_has_defaults():
    assert read_settings(()) == Settings()


def test_a_block_is_read():
    found = settings("data digits | pad(2) | rescale", "loss mse", "optimizer adam(lr=0.1)", "epochs 3", "batch 8")
    assert (found.data, found.pipeline.text()) == ("digits", "pad(2) | rescale")
    assert (found.loss, found.optimizer, found.epochs, found.batch) == ({"": Mse()}, Adam(lr=0.1), 3, 8)


def test_the_command_line_wins():
    assert settings("epochs 3", overrides=["epochs=5"]).epochs == 5


def test_the_command_line_gives_data_with_another_preparation():
    found = settings("data digits | rescale", overrides=["data=digits | pad(2) | standardize"])
    assert found.pipeline.text() == "pad(2) | standardize(pixel)"


def test_one_number_of_the_optimiser_is_overridden():
    found = settings("optimizer sgd(lr=0.5, momentum=0.9)", overrides=["optimizer.lr=1e-3"])
    assert found.optimizer == Sgd(lr=0.001, momentum=0.9)


def test_other_data_keep_the_preparation():
    override = plain_override("data", "/a folder", option="--data")
    net = parse(NET + "train N {\n  data digits | pad(2)\n}\n")
    found = read_settings(net.settings, [override])
    assert (found.data, found.pipeline.text()) == ("/a folder", "pad(2)")


def test_positional_arguments_of_an_optimiser_stand_in_order():
    assert settings("optimizer sgd(0.1, 0.5)").optimizer == Sgd(lr=0.1, momentum=0.5)
    assert settings("optimizer adam").optimizer == Adam()


def test_outputs_have_losses_of_their_own():
    found = settings("loss cls=cross_entropy(smoothing=0.1), box=mse(weight=2)")
    assert found.loss == {"cls": CrossEntropy(smoothing=0.1), "box": Mse(weight=2)}
    assert read_losses(found.texts()["loss"]) == found.loss


def test_the_command_line_changes_the_loss_of_one_output():
    found = settings("loss cls=cross_entropy, box=mse", overrides=["loss.box.weight=3", "loss=cls=hinge"])
    assert (found.loss["box"], found.loss["cls"].word) == (Mse(weight=3), "hinge")


def test_the_command_line_changes_a_part_of_every_method():
    overrides = ["loss.smoothing=0.1", "schedule.patience=5", "stop.patience=7", "clip.most=2"]
    found = settings("schedule plateau", "stop early", "clip norm", overrides=overrides)
    assert found.loss == {"": CrossEntropy(smoothing=0.1)}
    assert (found.schedule, found.stop, found.clip) == (Plateau(patience=5), Early(patience=7), ClipNorm(2.0))


def test_none_undoes_what_the_block_says():
    found = settings("stop early", "clip norm", overrides=["stop=none", "clip=none"])
    assert (found.stop, found.clip) == (None, None)


def test_metrics_stand_with_commas_and_replace_each_other():
    assert settings("metrics top1, top5").metrics == ("top1", "top5")
    assert settings("metrics top1, top5", overrides=["metrics=iou, confusion"]).metrics == ("iou", "confusion")
    assert read_metrics("") == ()


def test_a_list_of_epochs_is_read_and_one_number_is_a_list():
    assert settings("schedule multistep([10, 20], gamma=0.5)").schedule == MultiStep((10.0, 20.0), 0.5)
    assert settings("schedule multistep(at=3, warmup=1)").schedule == MultiStep((3.0,), warmup=1.0)


def test_texts_are_read_back():
    found = settings(
        'data "some folder" | pad(2)',
        "optimizer sgd(lr=1e-5, nesterov=true)",
        "schedule cosine(warmup=2)",
        "validation 0.25",
        "loss hinge(squared=true)",
        "metrics top1, iou",
        "stop early(monitor=loss)",
        "clip value(0.5)",
        'checkpoint "m.{epoch:02d}-{val_loss:.2f}"',
    )
    assert settings(*(f"{name} {text}" for name, text in found.texts().items())).texts() == found.texts()


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("optimizer sdg(lr=0.1)", "N506", "did you mean `sgd`?"),
        ("optimizer sgd(rate=0.1)", "N506", "argument of `sgd` called `rate`"),
        ("optimizer sgd(lr=-1)", "N507", "`sgd.lr` is -1; it must be at least 0"),
        ("optimizer sgd(momentum=1)", "N507", "at least 0 and less than 1"),
        ("optimizer sgd(nesterov=1)", "N507", "`true` or `false`"),
        ("optimizer sgd(0.1, lr=0.1)", "N507", "`lr` twice"),
        ("optimizer 3", "N507", "the name of an optimiser"),
        ("loss cross_entrop", "N506", "did you mean `cross_entropy`?"),
        ('loss "mse"', "N507", "the name of a loss, with or without arguments, not a string"),
        ("epochs a=3", "N507", "`a=` cannot be told apart"),
        ("epochs 3, 4", "N507", "`epochs` is one value, not 2"),
        ("loss mse, box=mse", "N507", "one for each output"),
        (
            "loss cross_entropy(smoothing=1)",
            "N507",
            "`cross_entropy.smoothing` is 1; it must be at least 0 and less than 1",
        ),
        ("loss hinge(margin=0)", "N507", "`hinge.margin` is 0; it must be more than 0"),
        ("schedule step", "N507", "`step` needs `every`"),
        ("schedule step(every=0)", "N507", "more than 0"),
        ("schedule multistep([3, 2])", "N507", "a list of numbers that rise"),
        ("schedule constant(3)", "N507", "`constant` takes no arguments without a name, not 1"),
        ("schedule plateau(patience=0)", "N507", "`plateau.patience` is 0; it must be from 1"),
        ("schedule plateau(monitor=3)", "N507", "the name of a score"),
        ("stop earl", "N506", "did you mean `early`?"),
        ("stop early(patience=1.5)", "N507", "an integer, not a decimal number"),
        ("clip norm(0)", "N507", "`norm.most` is 0; it must be more than 0"),
        ("clip nrom", "N506", "did you mean `norm`?"),
        ("accumulate 0", "N507", "from 1 to"),
        ("ema 1", "N507", "less than 1"),
        ("on_nan go", "N507", "`stop`, `skip` or `rollback`"),
        ("metrics top0", "N506", "no metric `top0`"),
        ("metrics acuracy", "N506", "did you mean `accuracy`?"),
        ("metrics top1, top1", "N507", "`top1` twice"),
        ("checkpoint model", "N507", "the name of a file in quotes"),
        ("checkpoint bets(monitor=loss)", "N506", "did you mean `best`?"),
        ('checkpoint "../{epoch}"', "N507", "the name of a file"),
        ('checkpoint "{epoch.__class__}"', "N507", "the name of a file"),
        ('checkpoint "weights"', "N507", "another file in the folder of a run has"),
        ('checkpoint "Best.safetensors"', "N507", "another file in the folder of a run has"),
        ('checkpoint "{loss:d}"', "N507", "`loss` in `checkpoint` is no integer"),
        ("epochs 0", "N507", "`epochs` is 0; it must be from 1 to"),
        ("epochs 2.5", "N507", "an integer, not a decimal number: `2.5`"),
        ("epochs true", "N507", "an integer, not a boolean"),
        ("batch 1_048_577", "N507", "from 1 to 1048576"),
        ("seed 1 | 2", "N507", "not a chain of 2"),
        ("validation 1", "N507", "less than 1"),
        ("data 3", "N507", "the name of data that ships"),
        ("data digits | padd(2)", "N608", "did you mean `pad`?"),
        ("data digits | pad(-1)", "N609", "`n` of `pad`"),
        ("schedule cosin", "N506", "did you mean `cosine`?"),
        ("schedule cosine(warmup=-1)", "N507", "`cosine.warmup` is -1; it must be at least 0"),
        ("augment flop", "N614", "did you mean `flip`?"),
        ("recipe gan", "N506", "does not carry out the setting `recipe`"),
    ],
)
def test_a_mistake_is_named_at_its_place(line, code, words):
    (found,) = mistakes(line)
    assert found.code == code
    assert words in f"{found.message} {found.help}"
    assert found.span.line == 6


def test_all_mistakes_are_reported_in_line_order():
    assert [d.span.line for d in mistakes("epochs 0", "seed 1", "batch 0")] == [6, 8]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epohs=3", "did you mean `epochs`?"),
        ("epochs.lr=3", "`epochs` has no parts"),
        ("optimizer.lrr=3", "did you mean `lr`?"),
        ("optimizer.lr=fast", "a number, not a word"),
        ("schedule.lr=1", "there are `warmup`"),
        ("clip.most=1", "`clip` is not set, and so has no parts"),
        ("loss.cls.weight=1", "no loss of an output called `cls`"),
        ("optimizer.lr.x=1", "no setting `optimizer.lr.x`"),
        ("data=digits | padd(2)", "did you mean `pad`?"),
        ("epochs=1 | 2", "not a chain of 2"),
        ("epochs", "given as `key=value`"),
        ("epochs=", "given as `key=value`"),
    ],
)
def test_a_mistake_of_the_command_line_is_named(text, words):
    with pytest.raises(NetError) as caught:
        settings("seed 1", overrides=[text])
    found = caught.value.diagnostics[0]
    assert words in f"{found.message} {found.help}"
