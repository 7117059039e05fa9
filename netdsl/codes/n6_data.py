"""Codes N6xx: data."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N601",
        "data that cannot be found or read",
        """The file or folder does not exist, may not be read, is no regular file (a pipe, a device, a folder in place
of a file), or holds nothing that is recognised.

Data is a name that `netdsl list` shows, a file, or a folder. A file is a table (`.csv`, `.tsv`, also with `.gz`), an
archive of arrays (`.npz`) or series (`.ts`). A folder has one of these contents:

- IDX files named as MNIST names them: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and, for the test part,
  `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`, each with or without `.gz`; `classes.txt`, one name a line, if
  the classes have names;
- the binary files of CIFAR-10 (`data_batch_1.bin` … and `test_batch.bin`) or CIFAR-100 (`train.bin` and `test.bin`);
- `images/` and `masks/`, whose files have the same names but for the ending;
- one sub-folder of images a class;
- `train/`, and `val/` or `test/` or both, each with one of the last two.

A class folder holds images only; hidden files are passed over.""",
    ),
    Page(
        "N602",
        "not the IDX file that is wanted",
        """An IDX file begins with two zero bytes, the type of its elements, the number of its axes, and one 32-bit size
an axis, high byte first. The message gives the offset of the first byte that does not fit; in a gzipped file it
counts unpacked bytes.

Images are unsigned bytes (type 0x08) with three axes, count x height x width, or four, with channels last. Labels are
whole numbers with one axis. `classes.txt` beside them is UTF-8, one name a line, 4 MiB at most.""",
    ),
    Page(
        "N603",
        "a file shorter or longer than its head says",
        """The sizes in the head of an IDX file fix its length to the byte, and a file of CIFAR is records of 3073 or 3074 bytes. A
file that is too short was cut off while it
was copied or downloaded: fetch it again. A file that is too long, or has a size of zero, was written wrongly.

    expected 7840016 bytes for 10000x28x28 elements of 1 byte, got 7840015

Nothing is allocated before the two numbers agree.""",
    ),
    Page(
        "N604",
        "compressed data that is damaged or expands without measure",
        """The gzip stream or the archive ends early, fails its checksum, or promises more than 100 times its own size and more
than 64 MiB. Fetch the file again; if it really is that compressible, unpack it and give the unpacked file.""",
    ),
    Page(
        "N605",
        "images and labels that do not belong together",
        """There are more images than labels or fewer, a label is negative or not below the number of classes, a test
folder has a class that the training folder lacks, the folder of a class has no images to learn from, or there is one
class only. The message gives the first index, from zero, at fault, or the folders.

The number of classes is the number of lines of `classes.txt`, of class folders, or of different labels in a table; when training it is also the number
of outputs of the net. Set it, where the net has a parameter for it, with `-p classes=26`.""",
    ),
    Page(
        "N606",
        "an image that cannot be used",
        """Read are PNG, JPEG, BMP, GIF, WebP, PGM and PPM with 8 bits a channel. Converted on the way:

- colour to grey (0.299 R + 0.587 G + 0.114 B) and grey to colour, as the net has one channel or three;
- palettes to their colours, black-and-white to 0 and 255;
- transparency: the image is laid over white;
- the turn that a camera noted in EXIF is carried out.

Refused: files that are truncated or damaged, 16 bits a channel, CMYK and other colour spaces, animations, images
without pixels, and, in a folder, images of different sizes, unless the preparation begins with `resize`. Convert these
with a program that shows you the result.

A mask has one number a pixel, the class: the index into a palette, or the level of grey. Masks of 0 and 255 alone are
read as 0 and 1. They are kept in files that change no number (PNG, BMP, GIF, PGM).""",
    ),
    Page(
        "N607",
        "data that does not fit",
        """The images, after their preparation, do not have the height, width and channels of the net's input; or an image
has more than 64 megapixels; or a folder of images needs more memory than the machine has.

    `fashion_mnist` gives 28x28x1, but the input of the net is 32x32x1

Change the preparation (`data fashion_mnist | pad(2)`), the net's input, or the images. A net with several inputs takes an
`.npz` file, in which each has an array of its own.""",
    ),
    Page(
        "N608",
        "an unknown step of preparation",
        """After the name of the data come the steps that prepare it, in order:

    data fashion_mnist | pad(2) | standardize(pixel)

There are `resize(n)` or `resize(224x160)`, with `fit=cover` to keep the proportions and cut the rest off; `crop(n)`,
the part about the centre; `pad(n)`, zeros on each side; `rescale`, which multiplies by 1/255, and `rescale(factor)`; and
`standardize(pixel)` or `standardize(channel)`, (x - mean)/(std + 0.0001) with the statistics of the training part.""",
    ),
    Page(
        "N609",
        "a wrong argument of a step of preparation",
        """`pad(n)` takes a whole number of pixels, 0 to 1048576; `resize(size)` and `crop(size)` take 1 to 16384, one number for a
square or height x width, and `fit` of `resize` is `stretch` or `cover`; `rescale(factor)` a number other than 0, by default 1/255;
`standardize(over)` one of the words `pixel` and `channel`, by default `pixel`.""",
    ),
    Page(
        "N610",
        "stored preparation that is damaged or of another shape",
        """A weights file carries the preparation of its training data, with the statistics, so that new images are treated
as the training images were. Here the stored steps cannot be read, or their statistics belong to images of another
shape. Train again, or take an undamaged copy of the file.""",
    ),
    Page(
        "N611",
        "a table or series that cannot be read",
        """A table has one example a line: its numbers and its label, parted by commas, semicolons, tabs or blanks. The first
line may name the columns; parts to validate and to test on have them in the same order. All lines have the same number of columns, and all numbers are finite.

The label stands in the column called `label`, `class`, `target` or `y`. Without such a name it stands in the first or
the last column; where both could be labels, or neither, say which:

    netdsl train net.net --data table.csv:last
    netdsl train net.net --data table.csv:species

Where a net has several outputs, each takes the column of its name, if there is one: a class or one number a line.

A `.ts` file has a head of lines that begin with `@`, up to `@data`; then one example a line, its channels parted by
colons, with the class in the end. All series have the same length; time stamps and missing values (`?`) are refused.""",
    ),
    Page(
        "N612",
        "an archive without the arrays that are wanted",
        """In a `.npz` file images and labels are called `x` and `y`, `images` and `labels`, or with the part that they are
for: `x_train`, `y_train`, `x_test`, `train_images`, `train_labels`, `val_images` … Images are (N, H, W) or (N, H, W, C),
series (N, L, C) for a net whose input is L x C, vectors (N, K). Labels are whole numbers, (N,) or (N, 1), or one a
pixel, (N, H, W), where images have that size; numbers with a fraction are learned as they are. `classes`, words, may
name the classes.

For a net with several inputs there is an array for each, under its name, with the part where there are parts: `image`,
`numbers` and `labels`, or `image_train`, `numbers_train`, `labels_train`, `image_test` …

An output `box` takes its labels from `box`, or `box_train` …, where there is such an array, in every part or in none; an
output without one takes `labels`. A row has as many numbers as the output. `box_classes` may name the classes.

Python objects inside are never unpickled: write the arrays again as numbers.""",
    ),
    Page(
        "N613",
        "an image and a mask that are no pair",
        """Every image of `images/` has a mask in `masks/` with the same name but for the ending, and the other way round,
and both have the same height and width. Two images, or two masks, of one name are refused as well.""",
    ),
    Page(
        "N614",
        "an unknown augmentation",
        """A line of a `train` block says how the images that are trained on are changed at random, anew in each epoch:

    augment flip(horizontal) | crop(28, pad=4) | rotate(10) | color(0.4)

There are `flip`, `crop`, `rotate`, `shift`, `shear`, `zoom`, `color`, `cutout` and `mixup`; `augment none`, or
`--set augment=none`, changes nothing.""",
    ),
    Page(
        "N615",
        "a wrong argument of an augmentation",
        """`flip(way)` takes `horizontal`, `vertical` or `both`; `crop(size, pad=0)` the height and width of the part in pixels
and the zeros on each side before; `rotate(degrees)` 0 to 180; `shift(share)` a share of the side, 0 to 1; `shear(slope)`
0 to 4; `zoom(share)` 0 to 0.95; `color(strength)` 0 to 1; `cutout(side=8)` pixels; `mixup(alpha=0.2)` 0.01 to 100.

The images are augmented as they are stored, after a `resize` that comes first and before the rest of the preparation,
and what then comes out must have the shape of the net's input: `crop(28, pad=4)` of 28x28 images keeps their size.
Only images are augmented, not series or vectors.""",
    ),
    Page(
        "N616",
        "images that were changed while a net was trained on them",
        """Images of large folders are read when their turn comes. One of them has another size or time of change than when
the training began, so that nobody could repeat it. Leave the folder alone while a net is trained on it, and start again.""",
    ),
    Page(
        "N620",
        "numbers that cannot be read",
        """By hand rows are parted by `/`, numbers by blanks or commas, and channels by `|`:

    netdsl trace net.net C --input "5 2 3/6 7 8/4 5 4" --weight "1 0/1 -1"

Every row has as many numbers as the first. In a .csv or .txt file a line is a row, and an empty line parts channels; a
.npy file holds one array (H, W) or (H, W, C), and of a .npz file the array with the name of the input is taken, or the
only one. Objects that would have to be unpickled are never read.""",
    ),
    Page(
        "N621",
        "no such kernel",
        """`netdsl filter` takes a kernel by its name, as `netdsl filter --help` lists them, or as a matrix of at most 31x31
numbers: `netdsl filter "1 0 -1/0 0 0/-1 0 1" photo.png -o out.png`.""",
    ),
    Page(
        "N622",
        "a picture of a kind that is not written",
        """The end of the name says in which format a picture is written: .png, .jpg, .jpeg, .bmp, .webp, .pgm or .ppm.
PNG keeps every number; JPEG and WebP do not.

`netdsl predict --masks FOLDER` names masks after their images, whose names therefore differ, replaces none of these images,
and writes at most 256 classes, the colours of a palette.""",
    ),
    Page(
        "N623",
        "a picture that is too large",
        """A PNG has at most 128 megapixels. Draw it with a smaller `--scale`, draw scopes as single boxes with `--depth`,
or write SVG or PDF, which have no pixels.""",
    ),
    Page(
        "N624",
        "a package that a format needs",
        """Drawings are written as SVG, PNG and DOT by netdsl alone. PDF needs reportlab: `pip install 'netdsl[pdf]'`.""",
    ),
)
