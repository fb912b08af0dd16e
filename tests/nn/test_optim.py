"""Optimisers: their state and their words; goldens hold their numbers."""

import pytest

import nn
from autograd import Tensor


def test_an_optimisers_state_goes_out_and_in_again():
    for kind in (nn.SGD, nn.RMSprop, nn.Adagrad, nn.Adam, nn.AdamW):
        one, two = Tensor([1.0, -2.0]), Tensor([1.0, -2.0])
        a, b = kind([one], lr=0.1), kind([two], lr=0.1)
        for k in range(4):
            if k == 2:
                b = kind([two], lr=0.5)
                b.load_state_dict(a.state_dict())
            for optimizer, x in ((a, one), (b, two)):
                optimizer.zero_grad()
                (x * x * x).sum().backward()
                optimizer.step()
        assert one.tolist() == two.tolist()
    with pytest.raises(ValueError, match="does not fit"):
        nn.Adam([one]).load_state_dict(nn.SGD([one]).state_dict())


def test_an_optimiser_prints_as_it_was_called_with_its_rate_of_now():
    parameters = nn.Dense(300, 10).parameters()
    optimizer = nn.Adam(parameters, lr=0.02, betas=(0.8, 0.9))
    assert repr(optimizer) == "Adam(3,010 parameters, lr=0.02, betas=(0.8, 0.9))"
    optimizer.lr = 0.015
    assert repr(optimizer) == "Adam(3,010 parameters, lr=0.015, betas=(0.8, 0.9))"
    sgd = nn.SGD(parameters, momentum=0.9, nesterov=True, weight_decay=0.1)
    words = "lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.1"
    assert repr(sgd) == f"SGD(3,010 parameters, {words})"
