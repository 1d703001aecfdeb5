"""Makes the portfolios beside this file, and what their margins come to, with 50 digits.

    python3 generate.py

Needs mpmath. The form is that of `novate check pmrm`; the formulas are those of docs/MARGIN.md, written down once more.
"""

import json
import random
from pathlib import Path

from mpmath import erfc, exp, log, mp, mpf, sqrt

mp.dps = 50
YEAR, DAY, AVERAGED = mpf(31536000), mpf(86400), mpf(1800)
COUNT = 16

PARAMETERS = {
    "Scenarios": [
        {"SpotShock": shock, "VolShockDirection": direction, "DampeningFactor": 1}
        for shock in (1.15, 1.1, 1.05, 1.0, 0.95, 0.9, 0.85)
        for direction in ("Up", "None", "Down")
    ]
    + [
        {"SpotShock": shock, "VolShockDirection": "None", "DampeningFactor": damping}
        for shock, damping in ((0.4, 0.55), (0.7, 0.75), (1.5, 0.7), (3.0, 0.35))
    ]
    + [{"SpotShock": 1, "VolShockDirection": name, "DampeningFactor": 1} for name in ("Linear", "Abs")],
    "SkewShock": {
        "LINEAR_SCALE_CAP": 0.2, "LINEAR_CBASE": -0.04, "ABS_SCALE_CAP": 0.18, "ABS_CBASE": -0.03, "MIN_K_STAR": 0.02,
        "MIN_WIDTH_SCALE": 3.5, "VOL_PARAM_STATIC": 0.65, "VOL_PARAM_SCALE": -0.15,
    },
    "VolShock": {
        "VOLRANGEUP": 0.45, "VOLRANGEDOWN": 0.3, "MIN_VOL_EVAL_SHOCKED": 0.4, "SHORTTERMPOWER": 0.3,
        "LONGTERMPOWER": 0.14, "DTE_FLOOR": 1,
    },
    "Margin": {
        "MM_LOSS_FACTOR": 0.8, "IM_LOSS_FACTOR": 1, "SHORT_RATE_MULTSCALE": 0.5, "LONG_RATE_MULTSCALE": 1,
        "SHORT_RATE_ADDSCALE": 0.07, "LONG_RATE_ADDSCALE": 0.09, "BASE_STATIC_DISCOUNT": 0.96,
        "BASE_STATIC_DISCOUNT_NEG": 1.03,
    },
    "BasisContingency": {
        "SCENARIO_SPOT_UP": 1.04, "SCENARIO_SPOT_DOWN": 0.96, "BASIS_CONT_ADD_FACTOR": 0.4, "BASIS_CONT_MULT_FACTOR": 1.5,
    },
    "OtherContingency": {
        "PEG_LOSS_THRESHOLD": 0.98, "PEG_LOSS_FACTOR": 2.5, "CONF_THRESHOLD": 0.6, "CONF_MARGIN": 0.8,
        "MM_PERP_PERCENT": 0.02, "IM_PERP_PERCENT": 0.01, "MM_OPTION_PERCENT": 0.004, "IM_OPTION_PERCENT": 0.003,
    },
}


def price(forward, strike, years, volatility, discount, is_call):
    """Black 76, of the side that is out of the money and by parity."""
    deviation = max(volatility * sqrt(years), mpf(10) ** -18)
    upper = log(forward / strike) / deviation + deviation / 2
    tail = lambda z: erfc(-z / sqrt(mpf(2))) / 2
    call = forward * tail(upper) - strike * tail(upper - deviation)
    return discount * (call if is_call else call - forward + strike)


def market(rng):
    """A random market with positions."""
    spot = round(rng.uniform(1500, 90000), 2)
    feeds, options = [], []
    for seconds in rng.sample([900, 5400, 86400 * 2, 86400 * 9, 86400 * 31, 86400 * 95, 86400 * 300], rng.randint(0, 3)):
        forward = round(spot * rng.uniform(0.98, 1.05), 4)
        years = seconds / 31536000
        smile = [rng.uniform(0.05, 0.4) * years, rng.uniform(0, 0.3) * years**0.5, rng.uniform(-0.7, 0.7),
                 rng.uniform(-0.1, 0.1), rng.uniform(0.02, 0.4), forward, years]
        feeds.append({
            "FeedExpiry": seconds, "Forward": forward, "ForwardConfidence": rng.choice([1.0, 0.5]),
            "Rate": round(rng.uniform(-0.02, 0.12), 4), "RateConfidence": 1.0, "SVIparam": [repr(x) for x in smile],
            "OptionVolConfidences": rng.choice([0.95, 0.4]),
        })
        for _ in range(rng.randint(1, 6)):
            options.append({
                "Expiry": seconds, "Strike": round(forward * rng.choice([0.6, 0.85, 0.95, 1, 1.05, 1.2, 1.7]), 0),
                "IsCall": rng.randint(0, 1), "Amount": round(rng.uniform(-20, 20), rng.randint(0, 8)),
            })
    collaterals = [
        {"Amount": round(rng.uniform(0, 3), 3), "Price": round(spot * rng.uniform(0.97, 1.03), 2),
         "Confidence": rng.choice([1.0, 0.55]), "IsRiskCancelling": rng.random() < 0.5, "IMHaircut": 0.03, "MMHaircut": 0.1}
        for _ in range(rng.randint(0, 2))
    ]
    has_perpetual = rng.random() < 0.6
    return {
        "Cash": round(rng.uniform(-20000, 90000), 2), "Collaterals": collaterals, "SpotPrice": spot,
        "SpotConfidence": rng.choice([1.0, 0.58]), "StablePrice": rng.choice([1.0, 0.999, 0.95]),
        "NumPerps": round(rng.uniform(-5, 5), 3) if has_perpetual else 0,
        "PerpPrice": round(spot * 1.001, 2) if has_perpetual else 0, "PerpConfidence": rng.choice([1.0, 0.5]),
        "UnrealisedPerpPNL": round(rng.uniform(-500, 500), 2), "UnrealisedFunding": round(rng.uniform(-50, 50), 2),
        "Options": options, "OptionFeeds": feeds,
    }


class Expiry:
    """An expiry's positions and feeds."""

    def __init__(self, feed, options):
        self.seconds, self.forward, rate = (mpf(feed[name]) for name in ("FeedExpiry", "Forward", "Rate"))
        self.years, self.rate = self.seconds / YEAR, max(rate, mpf(0))
        self.discount = exp(-self.rate * self.years)
        a, b, rho, m, sigma, at, years = (mpf(x) for x in feed["SVIparam"])
        edge = 4 * sqrt(a + b * sigma)
        self.options = []
        for option in options:
            k = max(-edge, min(edge, log(mpf(option["Strike"]) / at)))
            variance = a + b * (rho * (k - m) + sqrt((k - m) ** 2 + sigma**2))
            self.options.append((mpf(option["Strike"]), mpf(option["Amount"]), bool(option["IsCall"]),
                                 sqrt(min(variance, mpf(144)) / years)))
        names = ("ForwardConfidence", "RateConfidence", "OptionVolConfidences")
        self.confidence = min(mpf(feed[name]) for name in names)

    def value(self, shock=mpf(1), bend=lambda strike, volatility: volatility):
        """The sum over positions with a shocked forward and bent volatilities."""
        open_part = min(self.seconds / AVERAGED, mpf(1)) * self.forward
        forward = open_part * shock + self.forward - open_part
        return sum(amount * price(forward, strike, self.years, bend(strike, volatility), self.discount, is_call)
                   for strike, amount, is_call, volatility in self.options)

    def under(self, scenario, p):
        """The value under a scenario."""
        vol, skew = p["VolShock"], {name: mpf(x) for name, x in p["SkewShock"].items()}
        shock, direction = mpf(scenario["SpotShock"]), scenario["VolShockDirection"]
        root = sqrt(self.years)
        if direction in ("Linear", "Abs"):
            name = "LINEAR" if direction == "Linear" else "ABS"
            cap = skew[name + "_CBASE"] * root + skew[name + "_SCALE_CAP"]
            width = max(skew["MIN_K_STAR"], root * skew["MIN_WIDTH_SCALE"]
                        * (skew["VOL_PARAM_STATIC"] + root * skew["VOL_PARAM_SCALE"]))

            def bend(strike, volatility):
                k = log(strike / self.forward)
                k = abs(k) if direction == "Abs" else k
                tilt = k * cap / width
                return volatility * max(1 + (min(cap, tilt) if k >= 0 else max(-cap, tilt)), mpf(0))

            return self.value(bend=bend)
        power = mpf(vol["SHORTTERMPOWER" if self.seconds <= 30 * DAY else "LONGTERMPOWER"])
        tau = (30 * DAY / max(self.seconds, mpf(vol["DTE_FLOOR"]) * DAY)) ** power
        if direction == "Up":
            least = mpf(vol["MIN_VOL_EVAL_SHOCKED"])
            return self.value(shock, lambda _, volatility: max(least, volatility * (1 + mpf(vol["VOLRANGEUP"]) * tau)))
        if direction == "Down":
            return self.value(shock, lambda _, volatility: volatility * max(0, 1 - mpf(vol["VOLRANGEDOWN"]) * tau))
        return self.value(shock)


def result(market, p):
    """What it comes to."""
    other, loss, basis = ({n: mpf(x) for n, x in p[g].items()} for g in ("OtherContingency", "Margin", "BasisContingency"))
    number = lambda name: mpf(market[name])
    spot, stable, perpetuals = number("SpotPrice"), number("StablePrice"), number("NumPerps")
    doubt = lambda confidence, amount: (
        (1 - confidence) * other["CONF_MARGIN"] * amount if confidence < other["CONF_THRESHOLD"] else mpf(0))
    confidence = number("SpotConfidence")
    of_spot = confidence
    if perpetuals:
        confidence = min(confidence, number("PerpConfidence"))
    worth = number("Cash") + (number("UnrealisedPerpPNL") + number("UnrealisedFunding") if perpetuals else 0)
    notional = abs(perpetuals) * spot
    maintenance, initial = notional * other["MM_PERP_PERCENT"], notional * other["IM_PERP_PERCENT"]
    initial += doubt(confidence, notional)
    moving = perpetuals * number("PerpPrice")
    for c in market["Collaterals"]:
        amount = mpf(c["Amount"]) * mpf(c["Price"]) / stable
        worth += amount
        maintenance += amount * mpf(c["MMHaircut"])
        initial += amount * mpf(c["IMHaircut"]) + doubt(min(mpf(c["Confidence"]), of_spot), amount)
        moving += amount if c["IsRiskCancelling"] else 0
    expiries = []
    lost = mpf(0)
    for feed in market["OptionFeeds"]:
        options = [option for option in market["Options"] if option["Expiry"] == feed["FeedExpiry"]]
        e = Expiry(feed, options)
        mark = e.value()
        worth += mark
        up, down = (e.value(basis[name]) for name in ("SCENARIO_SPOT_UP", "SCENARIO_SPOT_DOWN"))
        lost += min(up - mark, down - mark, 0) * (
            basis["BASIS_CONT_ADD_FACTOR"] + basis["BASIS_CONT_MULT_FACTOR"] * e.years)
        net = {}
        for strike, amount, _, _ in e.options:
            net[strike] = net.get(strike, 0) + amount
        naked = -sum(min(amount, 0) for amount in net.values()) * spot
        maintenance += naked * other["MM_OPTION_PERCENT"]
        initial += naked * other["IM_OPTION_PERCENT"]
        initial += doubt(min(confidence, e.confidence), sum(abs(amount) for _, amount, _, _ in e.options) * spot)
        long = loss["BASE_STATIC_DISCOUNT"] * exp(
            -e.years * (e.rate * loss["LONG_RATE_MULTSCALE"] + loss["LONG_RATE_ADDSCALE"]))
        short = min(1 / e.discount, loss["BASE_STATIC_DISCOUNT_NEG"] * exp(
            e.years * (e.rate * loss["SHORT_RATE_MULTSCALE"] + loss["SHORT_RATE_ADDSCALE"])))
        expiries.append((e, mark, long, short))
    profits = []
    for scenario in p["Scenarios"]:
        damping = mpf(scenario["DampeningFactor"])
        profit = moving * (mpf(scenario["SpotShock"]) - 1) * damping
        for e, mark, long, short in expiries:
            value = e.under(scenario, p)
            part = (value * (long if value >= 0 else short) - mark) * damping
            profit += -abs(part) if scenario["VolShockDirection"] in ("Linear", "Abs") else part
        profits.append(profit)
    worst = min(profits + [lost])
    factor = loss["IM_LOSS_FACTOR"] + other["PEG_LOSS_FACTOR"] * max(other["PEG_LOSS_THRESHOLD"] - stable, 0)
    text = lambda x: mp.nstr(x, 25)
    rows = [[str(s["SpotShock"]), s["VolShockDirection"], text(x)] for s, x in zip(p["Scenarios"], profits)]
    return {
        "reg_losses": rows[:21], "tail_losses": rows[21:25],
        "skew_losses": [[row[1].upper(), row[2]] for row in rows[25:]],
        "MM": text(worst * loss["MM_LOSS_FACTOR"] - maintenance + worth),
        "IM": text(worst * factor - initial - maintenance + worth),
    }


for index in range(1, COUNT + 1):
    m = market(random.Random(index))
    case = {"Scenario": m, "Parameters": PARAMETERS, "Result": result(m, PARAMETERS)}
    path = Path(__file__).parent / f"portfolio_{index:02}.json"
    path.write_text(json.dumps(case, indent=1) + "\n")
