import pytest

from netdsl.layers.named_kernels import NAMED_KERNELS

BLURS = ("box", "gauss3", "gauss5")
DIFFERENCES = ("edge", "laplacian", "outline", "sobel_x", "sobel_y", "scharr_x", "scharr_y", "prewitt_x", "prewitt_y")


@pytest.mark.parametrize("name", [*BLURS, "identity", "sharpen", "unsharp", "emboss"])
def test_what_keeps_a_uniform_area_sums_to_1(name):
    assert NAMED_KERNELS[name].sum == 1


@pytest.mark.parametrize("name", DIFFERENCES)
def test_what_finds_edges_sums_to_0(name):
    assert NAMED_KERNELS[name].sum == 0


def test_every_kernel_is_square_and_of_odd_size():
    for kernel in NAMED_KERNELS.values():
        assert kernel.size % 2 == 1
        assert {len(row) for row in kernel.rows} == {kernel.size}


def test_unsharp_is_minus_a_256th_of_the_blur_with_minus_476_in_the_middle():
    unsharp, blur = NAMED_KERNELS["unsharp"], NAMED_KERNELS["gauss5"]
    assert unsharp.divisor == -256
    assert unsharp.rows[2] == (6, 24, -476, 24, 6)
    assert unsharp.rows[0] == blur.rows[0] == (1, 4, 6, 4, 1)


def test_the_5x5_blur_sums_to_256_before_it_is_divided():
    assert sum(map(sum, NAMED_KERNELS["gauss5"].rows)) == 256


def test_the_horizontal_edge_is_the_vertical_one_turned():
    assert NAMED_KERNELS["prewitt_y"].rows == ((-1, -1, -1), (0, 0, 0), (1, 1, 1))
    assert NAMED_KERNELS["sobel_y"].rows == tuple(zip(*NAMED_KERNELS["sobel_x"].rows, strict=True))


def test_values_are_divided():
    assert NAMED_KERNELS["box"].values() == ((1 / 9,) * 3,) * 3
