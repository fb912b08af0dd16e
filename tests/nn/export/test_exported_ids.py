"""Ids, as others take them: whole numbers that enter, and the same vectors that come out."""

import subprocess

import numpy as np
import pytest
from export_cases import assert_close, built, evaluated

import nn
from nn.export import from_torch, to_c, to_onnx, to_torch

TEXT = "Sequential(Embedding(7, 3, padding_idx=2), Flatten(2), Dense(12, 2))"
IDS = np.array([[0, 6, 2, 2], [5, 5, 1, 0], [3, 4, 3, 6]])


def test_onnx_takes_whole_numbers(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    model = built(TEXT)
    to_onnx(model, tmp_path / "m.onnx", shape=(4,))
    session = runtime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    (x,) = session.get_inputs()
    assert (x.type, x.shape) == ("tensor(int64)", ["N", 4])
    assert_close(session.run(None, {"input": IDS})[0], evaluated(model, IDS))


def test_what_a_layer_made_is_turned_into_ids(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    model = nn.Sequential(nn.ReLU(), built("Embedding(7, 3)"))
    to_onnx(model, tmp_path / "m.onnx", shape=(4,))
    session = runtime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    got = session.run(None, {"input": IDS.astype(np.float32)})[0]
    assert_close(got, evaluated(model, IDS))


def test_it_goes_to_pytorch_and_comes_back():
    torch = pytest.importorskip("torch")
    model = built(TEXT)
    theirs = to_torch(model)
    assert theirs[0].padding_idx == 2
    assert_close(theirs(torch.tensor(IDS)).detach().numpy(), evaluated(model, IDS))
    again = from_torch(theirs, shape=(4,))
    assert repr(again) == repr(model)
    assert_close(evaluated(again, IDS), evaluated(model, IDS))
    with pytest.raises(ValueError, match=r"max_norm=1\.0; here only max_norm=None is possible"):
        from_torch(torch.nn.Embedding(3, 2, max_norm=1.0))


def test_c_looks_its_rows_up(tmp_path):
    model = built("Embedding(7, 3)")
    to_c(model, tmp_path / "m.c", (4,))
    (tmp_path / "main.c").write_text(
        '#include "m.c"\n#include <stdio.h>\n'
        "int main(void) { float x[] = {0, -1, 5, 7}, y[12]; m(x, y);"
        ' for (int k = 0; k < 12; k++) printf("%.9g ", y[k]); return 0; }\n'
    )
    cc = ["gcc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "main.c", "-o", "m", "-lm"]
    subprocess.run(cc, cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "m"], capture_output=True, text=True, check=True).stdout
    rows = np.array(printed.split(), float).reshape(4, 3)
    assert_close(rows[:3], np.array(model.weight.tolist())[[0, 6, 5]])
    assert np.isnan(rows[3]).all()  # there is no row 7
