"""Words by which a right explanation is known, whatever its sentence: for `told`."""

MISSING = (
    r"missing|left out|leaves? out|forg[eo]t|dropp|omit|ignor|never|lack|without|\blost\b|\bcut\b|"
    r"absent|alone|only (the|one|of|its|in|through)|constant|detach|does not|do not|"
    r"not (been |yet )?(carried|handed|added|passed|counted|multiplied|applied|included|there|"
    r"taken|propagated|divided|summed|scaled|inverted|undone|masked|used|flow)|"
    r"no (path|gradient|derivative|sum|factor)|has no|should be (added|multiplied|divided)"
)
EXTRA = (
    r"twice|again|doubl|extra|too (many|much)|second time|squared|one more|times too|\b2\b|"
    r"superfluous|not belong|needless|already|also|added|contains"
)
SIGN = r"\bsign|negat|minus|opposite|[-−] ?1(?![\d.])|flipped"
INSTEAD = (
    r"instead|in place|should be|mixed|swap|exchang|rather|confus|taken|belongs|stands|\bfor\b|"
    r"\bnot\b|the true|used"
)
OVERWRITTEN = (
    r"overwrit|\+=|accumulat|add(ed|s)? up|\bsum|add\.at|not (added|summed)|\blast\b|\bfirst\b|"
    r"only|one of"
)
CARRY = (
    r"carr|hand(ed|s|ing)?\b|pass(ed|es)|step before|previous|next step|earlier|through time|"
    r"later|future|recurren|before|over time|steps?\b"
)
SLOPE = r"derivative|slope|′|prime|1 ?[-−] ?\w+|\w+ ?· ?\(|f for|of the activation|gradient of"
TRANSPOSED = r"transpos|\.T\b|ᵀ|swapaxes|axes|other way"
FACTOR = r"factor|times|scal|multipl|divid|1/|·|√|sqrt|as large"
MEAN = r"mean|averag|divid|1/|\bN\b|factor|as large|times|batch|count|number of"
AXIS = r"ax[ei]s|row|column|over (the )?|dimension|sum"
MASK = r"mask|−?inf|hidden|future|causal|padd|where|zero"


def both(*parts):
    """A pattern for a text in which each of the parts is found somewhere."""
    return "".join(f"(?=.*(?:{part}))" for part in parts)


def word(*names):
    """Any of the names as a word of its own, alone or with an index."""
    return "|".join(rf"(?<![^\W_])[d∂]?{name}(?![^\W\d_])" for name in names)


# Sentences that name the mistake in words that no pattern foresaw, read one by one.
READ_AS_RIGHT = {
    "swish-bracket": r"\(1 \+ x\)·\(1 − σ",
    "gelu-three-missing": r"\(1 \+ 0\.044715x²\)",
    "gelu-inner-missing": r"½x·\(1 − t²\)\)",
    "elu-alpha-missing": r"α = 1, not 0\.7",
    "softplus-of-minus": r"1/\(1 \+ exp\(βx\)\)",
    "head-scale-twice": "divided by the square of the denominator",
    "rnn-carried-without-slope": "tanh′ of `prev` is left out",
    "lstm-tanh-slope-of-c-itself": r"`np\.tanh\(c\)`.*1 − x² stands where 1 − y²",
    "gru-cell-reset-forgotten-in-Uh": r"made with `h` where `r \* h` belongs",
    "gru-cell-reset-twice-forgotten": r"`r \* h`.*not multiplied by `r`",
    "gru-reset-forgotten": r"∂L/∂`gx\[:, 2 \* H :\]` stands where ∂L/∂`hn` belongs",
    "gru-reset-on-input-path": "∂L/∂`h @ U` stands where ∂L/∂`gx` belongs",
    "cross-entropy-of-probabilities": r"−T/softmax\(P\) is the gradient of the probabilities",
    "cross-entropy-times-slope": r"y·\(1 − y\) is multiplied in once more",
    "mlp-W2-for-W1s-bias": "made with ∂L/∂`h1 @ W2` where",
    "mlp-activations-for-inputs": r"made with `X @ W1 \+ b1` where `h1` belongs",
    "pre-norm-residual-from-upstream": "only what .* hands back to `u` goes on to `x`",
    "post-norm-norm-of-attention-alone": "its gradient is computed at `self_attention",
    "post-norm-attention-twice": "`x @ Wq`.*`x @ Wk`.*`x @ Wv`.*taken twice",
}
