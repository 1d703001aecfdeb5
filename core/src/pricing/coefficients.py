"""Makes coefficients.rs: polynomials for exp, ln, the Mills ratio and where the search for implied volatility
begins, interpolated at Chebyshev's nodes with 60 digits.

    python3 coefficients.py > coefficients.rs

Needs mpmath. Each polynomial is in powers of what its kernel has at hand, lowest first, rounded to double at the end; the
error that the comments state is that before rounding.
"""

import struct

from mpmath import mp, mpf, atanh, cos, erfc, exp, log, matrix, pi, sqrt, lu_solve, polyval

mp.dps = 60


def interpolate(function, low, high, count):
    """The polynomial with so many coefficients that equals a function at Chebyshev's nodes of an interval."""
    nodes = [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    powers = matrix(count, count)
    for row, x in enumerate(nodes):
        for column in range(count):
            powers[row, column] = x**column
    return list(lu_solve(powers, matrix([function(x) for x in nodes])))


def interpolate_ratio(function, middle, count):
    """P and Q, both with 1 as their highest coefficient, Q with so many below it and P with one less: P / Q equals a
    function of z from 0, which is as 1 / z where z is large, at Chebyshev's nodes of (z - middle) / (z + middle)."""
    nodes = [cos(pi * (2 * i + 1) / (4 * count - 2)) for i in range(2 * count - 1)]
    system, right = matrix(2 * count - 1, 2 * count - 1), matrix(2 * count - 1, 1)
    for row, t in enumerate(nodes):
        z = middle * (1 + t) / (1 - t)
        value, scale = function(z), (z + middle) ** (1 - count)
        for power in range(count):
            if power < count - 1:
                system[row, power] = z**power * scale
            system[row, count - 1 + power] = -value * z**power * scale
        right[row] = (value * z**count - z ** (count - 1)) * scale
    solution = list(lu_solve(system, right))
    return solution[: count - 1] + [mpf(1)], solution[count - 1 :] + [mpf(1)]


def error(function, coefficients, low, high):
    """The largest difference at many places."""
    places = [low + (high - low) * (mpf(i) + mpf(1) / 2) / 500 for i in range(500)]
    return max(abs(function(x) - sum(c * x**n for n, c in enumerate(coefficients))) for x in places)


def mills_ratio(z):
    """(1 - N(z)) / n(z)."""
    if z < 8:
        return sqrt(pi / 2) * exp(z * z / 2) * erfc(z / sqrt(mpf(2)))
    # Laplace's continued fraction, from far enough behind.
    below = z
    for n in range(1500, 0, -1):
        below = z + n / below
    return 1 / below


def unbounded(function, middle):
    """A function of z from 0 as one of t = (z - middle) / (z + middle): 1 at the end, where z has no bound."""
    return lambda t: mpf(1) if t > 1 - mpf(10) ** -50 else function(middle * (1 + t) / (1 - t))


def foot(z):
    """(z + 1) (z - sqrt(pi / 2) + M(z)) / z^2, M being the Mills ratio."""
    return (z + 1) * (z - sqrt(pi / 2) + mills_ratio(z)) / z**2


def quantile(t):
    """z / u, where N(-z) = e^(-u^2 / 2) and u = 2 (1 + t) / (1 - t), by Newton's method."""
    u = 2 * (1 + t) / (1 - t)
    z = u
    for _ in range(100):
        step = (u * u / 2 - z * z / 2 - log(2 * pi) / 2 + log(mills_ratio(z))) * mills_ratio(z)
        z += step
        if abs(step) < mpf(10) ** -40:
            return z / u
    raise ValueError(u)


def exponential(r):
    """(e^r - 1 - r) / r^2."""
    return mpf(1) / 2 + r / 6 if abs(r) < mpf(10) ** -25 else (exp(r) - 1 - r) / r**2


def logarithm(w):
    """(2 atanh u - 2 u) / (u w), where w = u^2."""
    u = sqrt(w)
    return mpf(2) / 3 if w < mpf(10) ** -40 else (2 * atanh(u) - 2 * u) / (u * w)


def table(name, text, function, low, high, count):
    """A polynomial as Rust."""
    coefficients = interpolate(function, low, high, count)
    print(f"/// {text}; at most {mp.nstr(error(function, coefficients, low, high), 2)} off.")
    print(f"pub(super) const {name}: [f64; {count}] = [")
    for coefficient in coefficients:
        print(f"    {float(coefficient)!r},")
    print("];\n")


def tables_of_ratio():
    """The Mills ratio as Rust: near 0 the places are denser, where its error counts in prices."""
    above, below = interpolate_ratio(mills_ratio, mpf("2.5"), 11)
    places = [mpf(i) / 20 for i in range(801)]
    values = [(mills_ratio(z), polyval(above[::-1], z) / polyval(below[::-1], z)) for z in places]
    off = max(abs(found / value - 1) for value, found in values)
    parts = (("MILLS_ABOVE", above, "The numerator"), ("MILLS_BELOW", below, "The denominator"))
    for name, coefficients, text in parts:
        print(f"/// {text} of `(1 - N(z)) / n(z)` in z, for z from 0; at most a part of {mp.nstr(off, 2)} off to 40.")
        print(f"pub(super) const {name}: [f64; {len(coefficients)}] = [")
        for coefficient in coefficients:
            print(f"    {float(coefficient)!r},")
        print("];\n")


def constant(name, text, value):
    """A number as Rust."""
    print(f"/// {text}.")
    print(f"pub(super) const {name}: f64 = {float(value)!r};")


def truncated(value, bits):
    """A double whose last bits are zero."""
    return struct.unpack("<d", struct.pack("<Q", struct.unpack("<Q", struct.pack("<d", value))[0] >> bits << bits))[0]


print("//! Polynomials' coefficients, lowest power first. Made by `coefficients.py`.")
print("#![allow(clippy::approx_constant, clippy::unreadable_literal)]\n")
half = log(2) / 2 * mpf("1.0001")
table("EXP", "`(e^r - 1 - r) / r^2` in r, to half of ln 2", exponential, -half, half, 10)
table("LN", "`(2 atanh u - 2 u) / (u w)` in w = u^2, to u = 0.2006", logarithm, mpf(0), mpf("0.2006") ** 2, 8)
tables_of_ratio()
wide = unbounded(lambda z: (z + 1) * mills_ratio(z - 1), 5)
table("MILLS_WIDE", "`(z + 2) (1 - N(z)) / n(z)` in t = (z - 4) / (z + 6), for z from -1", wide, mpf(-1), mpf(1), 30)
text = "`(z + 1) (z - sqrt(pi / 2) + (1 - N(z)) / n(z)) / z^2` in t = (z - 4) / (z + 4), for z from 0"
table("FOOT", text, unbounded(foot, 4), mpf(-1), mpf(1), 12)
low, high = [(mpf(u) - 2) / (mpf(u) + 2) for u in ("1.3", "42")]
text = "`z / u`, where N(-z) = e^(-u^2/2), in t = (u - 2) / (u + 2), for u from 1.3 to 42"
table("QUANTILE", text, quantile, low, high, 12)
high = truncated(float(log(2)), 21)
constant("LN2_HIGH", "The first 32 bits of ln 2: products with exponents are exact", high)
constant("LN2_LOW", "The rest of it", log(2) - mpf(high))
constant("LOG2_E", "log2 e", 1 / log(2))
constant("INVERSE_SQRT_2_PI", "1 / sqrt(2 pi)", 1 / sqrt(2 * pi))
constant("SQRT_2_PI", "sqrt(2 pi)", sqrt(2 * pi))
constant("INVERSE_SQRT_3", "1 / sqrt 3", 1 / sqrt(mpf(3)))
constant("LOW_SCALE", "3 sqrt 3 / (2 pi)", 3 * sqrt(mpf(3)) / (2 * pi))
