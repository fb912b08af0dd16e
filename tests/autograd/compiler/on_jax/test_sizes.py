"""Which programs XLA makes for batches of many sizes."""

from autograd.compiler.backends.jax.sizes import OFTEN, Sizes


def test_smaller_batches_are_filled_up_to_what_there_is_in_whole_shares():
    sizes = Sizes(4)
    assert [sizes.of(n) for n in (30, 32, 31, 2, 33, 32)] == [32, 32, 32, 32, 36, 32]


def test_a_small_batch_that_comes_often_gets_a_program_of_its_own():
    sizes = Sizes(1)
    assert sizes.of(64) == 64
    assert [sizes.of(8) for _ in range(OFTEN)] == [64] * (OFTEN - 1) + [8]
    assert [sizes.of(n) for n in (5, 8, 40)] == [8, 8, 64]
