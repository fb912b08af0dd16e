"""A model as a scikit-learn estimator: its checks, its searches, and our own promises."""

import copy
import functools
import math
import pickle
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import nn

ROOT = Path(__file__).parents[3]
DIGITS, LABELS = load_digits(return_X_y=True)
X, Y = DIGITS[:150], LABELS[:150]
IMAGES = X.reshape(-1, 1, 8, 8)


def cnn(shape, classes):
    channels, height, width = shape
    inner = 8 * ((height - 2) // 2) * ((width - 2) // 2)
    convolution = nn.Conv2D(channels, 8, 3)
    return nn.Sequential(
        convolution, nn.ReLU(), nn.MaxPool(2), nn.Flatten(), nn.Dense(inner, classes)
    )


def dropping(shape, classes):
    hidden = nn.Dense(math.prod(shape), 40)
    return nn.Sequential(
        hidden, nn.LayerNorm(40), nn.Tanh(), nn.Dropout(0.1), nn.Dense(40, classes)
    )


def quick(model=None, **options):
    return nn.Classifier(model, **{"epochs": 1, "random_state": 0, **options})


def numbers(fitted):
    return [p.numpy() for p in fitted.model_.parameters()]


MOMENTUM = functools.partial(nn.SGD, momentum=0.9)


@pytest.mark.parametrize(
    "estimator",
    [nn.Classifier(), nn.Classifier(dropping, optimizer=MOMENTUM)],
    ids=["default", "options"],
)
def test_every_check_of_scikit_learn_passes(estimator):
    """Skipped is what asks for pandas or for an experimental switch, where those are absent."""
    found = check_estimator(estimator, on_skip=None, on_fail="raise")
    skipped = {check["check_name"] for check in found if check["status"] == "skipped"}
    assert skipped <= {"check_array_api_input", "check_classifier_data_not_an_array"}
    assert {check["status"] for check in found} <= {"passed", "skipped"}
    assert len(found) > 45


# --- in scikit-learn's hands --------------------------------------------------------------------


def test_a_cnn_in_a_pipeline_knows_handwritten_digits():
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    estimator = nn.Classifier(cnn, shape=(1, 8, 8), epochs=12, lr=0.02, random_state=0)
    scores = cross_val_score(make_pipeline(MinMaxScaler(), estimator), DIGITS, LABELS, cv=folds)
    assert scores.mean() >= 0.95


def test_the_default_model_knows_them_too():
    folds = StratifiedKFold(2, shuffle=True, random_state=0)
    scores = cross_val_score(nn.Classifier(epochs=10, random_state=0), DIGITS, LABELS, cv=folds)
    assert scores.mean() >= 0.93


def test_a_search_tries_numbers_of_numpys_and_any_optimiser():
    pipeline = make_pipeline(StandardScaler(), quick())
    grid = {
        "classifier__epochs": np.arange(1, 3),
        "classifier__lr": np.array([1e-6, 0.02], np.float32),
        "classifier__optimizer": [nn.Adam, MOMENTUM],
    }
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, Y)
    assert search.best_params_["classifier__epochs"] == 2
    assert search.best_params_["classifier__lr"] == np.float32(0.02)
    assert search.best_score_ > 0.6


def test_folds_in_threads_give_what_folds_in_turn_give():
    def scores(jobs):
        return cross_val_score(quick(cnn, shape=(1, 8, 8)), X, Y, cv=4, n_jobs=jobs)

    with joblib.parallel_backend("threading"):
        assert scores(2).tolist() == scores(1).tolist()


# --- the model ----------------------------------------------------------------------------------


def test_a_given_module_is_a_template_that_stays_as_it_is():
    template = cnn((1, 8, 8), 10)
    before = template.state_dict()
    estimator = quick(template)
    fitted = estimator.fit(IMAGES, Y)
    assert estimator.model is template
    assert template.state_dict() == before
    assert template.path is None
    assert fitted.model_.state_dict() != before


def test_training_goes_out_from_the_weights_of_the_template():
    template = nn.Dense(64, 10)
    fitted = quick(template, lr=0).fit(X, Y)
    np.testing.assert_array_equal(fitted.model_.weight.numpy(), np.float32(template.weight.numpy()))


def test_a_function_hears_the_shape_of_a_sample_and_how_many_classes_there_are():
    heard = []

    def make(shape, classes):
        heard.append((shape, classes))
        return cnn(shape, classes)

    quick(make, shape=[1, 8, np.int64(8)]).fit(X[Y < 3], Y[Y < 3])
    quick(make).fit(IMAGES, Y)
    assert heard == [((1, 8, 8), 3), ((1, 8, 8), 10)]


def test_the_default_model_takes_images_as_well_as_rows():
    rows, images = quick().fit(X, Y), quick().fit(IMAGES, Y)
    np.testing.assert_array_equal(images.predict_proba(IMAGES), rows.predict_proba(X))


def test_rows_in_a_shape_are_the_images_themselves():
    rows, images = quick(cnn, shape=(1, 8, 8)).fit(X, Y), quick(cnn).fit(IMAGES, Y)
    np.testing.assert_array_equal(images.predict_proba(IMAGES), rows.predict_proba(X))
    nested = quick(cnn).fit(IMAGES.tolist(), Y.tolist())
    np.testing.assert_array_equal(images.predict_proba(IMAGES), nested.predict_proba(IMAGES))


def test_the_optimiser_is_called_with_the_parameters_and_the_learning_rate():
    made = []

    def optimizer(parameters, lr):
        made.append(nn.SGD(parameters, lr))
        return made[-1]

    quick(nn.Dense(64, 10), optimizer=optimizer, lr=0.25, batch_size=50).fit(X, Y)
    assert [(o.lr, o.steps, len(o.values)) for o in made] == [(0.25, 3, 650)]


@pytest.mark.parametrize("compiled", [True, False])
def test_batch_norm_trains_either_way(compiled):
    def make(shape, classes):
        return nn.Sequential(nn.BatchNorm2D(1), nn.Flatten(), nn.Dense(64, classes))

    fitted = quick(make, compiled=compiled, lr=0.1).fit(IMAGES, Y)
    assert fitted.score(IMAGES, Y) > 0.5


def test_compiled_and_scalar_training_walk_the_same_path():
    fast, slow = (quick(dropping, compiled=way).fit(X, Y) for way in (True, False))
    for p, q in zip(numbers(fast), numbers(slow), strict=True):
        np.testing.assert_allclose(p, q, atol=1e-4)


# --- answers ------------------------------------------------------------------------------------


def test_probabilities_are_the_softmax_of_the_model_in_evaluation_mode():
    fitted = quick(dropping).fit(X, Y)
    logits = np.array(fitted.model_(np.float32(X[:20])).tolist())
    powers = np.exp(logits - logits.max(1, keepdims=True))
    found = fitted.predict_proba(X[:20])
    np.testing.assert_allclose(found, powers / powers.sum(1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-14)


def test_a_model_that_was_sent_back_to_training_answers_in_evaluation_mode():
    fitted = quick(dropping).fit(X, Y)
    expected = copy.deepcopy(fitted).predict_proba(X)
    fitted.model_.train()
    np.testing.assert_array_equal(fitted.predict_proba(X), expected)


def test_a_samples_answer_does_not_depend_on_its_batch():
    fitted = quick(cnn).fit(IMAGES, Y)
    alone = np.concatenate([fitted.predict_proba(IMAGES[k : k + 1]) for k in range(30)])
    np.testing.assert_allclose(alone, fitted.predict_proba(IMAGES)[:30], rtol=1e-12)


@pytest.mark.parametrize(
    "names",
    [np.array(["ten", "äh", "b"]), np.array([-3, 40, -7]), np.array([2.0, 1.0, 3.0]), "cab"],
    ids=["text", "negative", "float", "list"],
)
def test_labels_are_whatever_they_are(names):
    three = Y < 3
    y = [names[k] for k in Y[three]] if isinstance(names, str) else names[Y[three]]
    fitted = quick(epochs=10).fit(X[three], y)
    assert fitted.classes_.tolist() == sorted(names)
    assert fitted.predict(X[three]).dtype == np.asarray(y).dtype
    assert np.mean(fitted.predict(X[three]) == y) == fitted.score(X[three], y) > 0.9


def test_weights_that_change_after_training_are_asked_as_they_are():
    fitted = quick().fit(X, Y)
    before = fitted.predict_proba(X)
    fitted.model_.load_state_dict(quick(random_state=1).fit(X, Y).model_.state_dict())
    assert np.any(fitted.predict_proba(X) != before)


def test_the_epochs_are_kept_and_shown_where_asked(capsys):
    fitted = quick(epochs=2).fit(X, Y)
    assert len(fitted.history_) == 2
    assert fitted.history_[-1].loss < fitted.history_[0].loss
    assert capsys.readouterr().out == ""
    quick(epochs=2, verbose=True).fit(X, Y)
    assert capsys.readouterr().out.count("epoch") == 2


# --- copies and chance --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "again",
    [copy.deepcopy, lambda fitted: pickle.loads(pickle.dumps(fitted))],
    ids=["copy", "pickle"],
)
@pytest.mark.parametrize("asked", [False, True])
def test_a_copy_answers_alike_and_learns_on_its_own(again, asked):
    """Whether the program that answers is compiled already or not: it stays out of the state."""
    fitted = quick(cnn).fit(IMAGES, Y)
    expected = copy.deepcopy(fitted).predict_proba(IMAGES)
    if asked:
        fitted.predict(IMAGES)
    twin = again(fitted)
    np.testing.assert_array_equal(twin.predict_proba(IMAGES), expected)
    twin.set_params(random_state=5).fit(IMAGES, Y)
    assert np.any(twin.predict_proba(IMAGES) != expected)
    np.testing.assert_array_equal(fitted.predict_proba(IMAGES), expected)


def test_a_file_of_joblib_brings_a_classifier_back(tmp_path):
    fitted = quick(cnn).fit(IMAGES, Y)
    joblib.dump(fitted, tmp_path / "model.joblib")
    twin = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(twin.predict_proba(IMAGES), fitted.predict_proba(IMAGES))


def test_a_clone_is_unfitted_and_has_a_template_of_its_own():
    fitted = quick(nn.Dense(64, 10)).fit(X, Y)
    twin = clone(fitted)
    assert twin.model is not fitted.model
    assert twin.model.state_dict() == fitted.model.state_dict()
    with pytest.raises(NotFittedError):
        twin.predict(X)


@pytest.mark.parametrize("model", [None, dropping])
def test_the_same_seed_gives_the_same_bits_whatever_was_drawn_before(model):
    first = quick(model, random_state=3).fit(X, Y)
    random.random(), np.random.random()
    before, of_numpy = random.getstate(), np.random.get_state()[1:]
    second = quick(model, random_state=3).fit(X, Y)
    for p, q in zip(numbers(first), numbers(second), strict=True):
        np.testing.assert_array_equal(p, q)
    assert random.getstate() == before
    assert str(np.random.get_state()[1:]) == str(of_numpy)


def test_a_seed_rules_first_weights_and_the_order_of_samples():
    weights = [numbers(quick(lr=0, random_state=s).fit(X, Y))[0] for s in (0, 1)]
    assert np.any(weights[0] != weights[1])
    template = nn.Dense(64, 10)
    walked = [numbers(quick(template, random_state=s).fit(X, Y))[0] for s in (0, 1)]
    assert np.any(walked[0] != walked[1])


def test_models_made_in_threads_do_not_share_their_draws():
    def slow(shape, classes):
        layer = nn.Dense(math.prod(shape), 5)
        time.sleep(0.02)  # another thread would seed the generator now
        return nn.Sequential(layer, nn.Dense(5, classes))

    def weights(seed):
        return quick(slow, lr=0, random_state=seed).fit(X, Y).model_.state_dict()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(weights, range(3))) == list(map(weights, range(3)))


def test_without_a_seed_or_with_a_generator_every_fit_is_another():
    generator = np.random.RandomState(0)
    for state in (None, generator):
        estimator = quick(random_state=state)
        first, second = (estimator.fit(X, Y).predict_proba(X) for _ in range(2))
        assert np.any(first != second)


def test_the_worlds_chance_comes_back_after_a_function_that_failed():
    before = random.getstate()

    def fails(shape, classes):
        raise KeyError(random.random())

    with pytest.raises(KeyError):
        quick(fails).fit(X, Y)
    assert random.getstate() == before


# --- bad input ----------------------------------------------------------------------------------

MISTAKES = [
    ({"model": "mlp"}, TypeError, "model must be a Module, a function .* got 'mlp'"),
    ({"model": lambda shape, classes: 3}, TypeError, "must make a Module, .* made 3"),
    ({"model": nn.Dense(64, 9)}, ValueError, r"has shape \(9,\); the 10 classes .* need \(10,\)"),
    ({"model": nn.Dense(63, 10)}, ValueError, r"Dense\(63, 10\): input has 64 features"),
    ({"model": nn.Conv2D(1, 2, 3)}, ValueError, r"shape=\(C, H, W\)"),
    ({"model": nn.Sequential(nn.Dense(64, 10), nn.Softmax())}, ValueError, "leave out .* Softmax"),
    ({"shape": 64}, TypeError, "shape must be a tuple of ints, got 64"),
    ({"shape": (1, 8.0, 8)}, TypeError, "shape must be an int, got 8.0"),
    ({"shape": (1, -8, -8)}, ValueError, "shape must be at least 1, got -8"),
    ({"shape": (1, 8, 9)}, ValueError, r"a sample of X has shape \(64,\), .* \(1, 8, 9\)"),
    ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
    ({"epochs": 1.5}, TypeError, "epochs must be an int, got 1.5"),
    ({"batch_size": np.int64(0)}, ValueError, "batch_size must be at least 1, got 0"),
    ({"lr": "fast"}, TypeError, "lr must be a number, got 'fast'"),
    ({"lr": -1}, ValueError, "lr"),
    ({"optimizer": "adam"}, TypeError, "optimizer .* such as nn.Adam; got 'adam'"),
    ({"random_state": "x"}, ValueError, "'x' cannot be used to seed"),
]


@pytest.mark.parametrize(
    ("options", "kind", "words"), MISTAKES, ids=[words for *_, words in MISTAKES]
)
def test_a_mistake_in_an_argument_is_named_when_fitting(options, kind, words):
    with pytest.raises(kind, match=words):
        quick().set_params(**options).fit(X, Y)


@pytest.mark.parametrize("options", [{"model": nn.Dense(3, 3)}, {"epochs": 0}])
def test_a_fit_that_failed_leaves_nothing_to_ask(options):
    """Not even the model of an earlier fit, whose classes were others."""
    estimator = quick().fit(X[Y < 3], Y[Y < 3]).set_params(**options)
    with pytest.raises(ValueError, match=r"Dense|epochs"):
        estimator.fit(X, Y)
    with pytest.raises(NotFittedError):
        estimator.predict(X)


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e300], ids=str)
def test_what_is_no_number_in_single_precision_is_refused(number):
    bad = X.copy()
    bad[3, 5] = number
    with pytest.raises(ValueError, match="Input X contains"):
        quick().fit(bad, Y)
    fitted = quick().fit(X, Y)
    with pytest.raises(ValueError, match="Input X contains"):
        fitted.predict(bad)


def test_samples_of_another_shape_are_refused():
    fitted = quick(cnn).fit(IMAGES, Y)
    for other in (IMAGES.reshape(-1, 1, 4, 16), IMAGES[..., :7]):
        with pytest.raises(ValueError, match=r"needed is \(1, 8, 8\)"):
            fitted.predict(other)
    with pytest.raises(ValueError, match="features"):
        fitted.predict(X)


def test_training_that_explodes_says_so():
    with pytest.raises(FloatingPointError, match="the loss is"):
        quick(optimizer=nn.SGD, lr=1e30, epochs=3).fit(X, Y)


def test_without_scikit_learn_one_line_says_what_to_install():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import nn\n"
        "try:\n    nn.Classifier\n"
        "except ImportError as error:\n    print(error, '|', error.name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    expected = 'nn.Classifier needs scikit-learn: pip install "glassgrad[sklearn]" | sklearn'
    assert done.stdout.strip() == expected, done.stderr


def test_a_template_with_dropout_is_cloned_and_trained():
    template = nn.Sequential(nn.Dense(2, 8), nn.ReLU(), nn.Dropout(0.2), nn.Dense(8, 2))
    classifier = clone(nn.Classifier(template, epochs=2, random_state=0))
    X = np.array([[0.0, 1.0], [1.0, 0.0]] * 8)
    assert classifier.fit(X, [0, 1] * 8).predict(X).shape == (16,)
