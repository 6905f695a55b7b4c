"""Amounts of money: as people write them in a currency, and as Stripe counts them.

Stripe counts in a currency's smallest unit, of which a unit has 100, 1 or 1,000. Its list of
currencies, and which of them differ from the rest, are from https://docs.stripe.com/currencies;
ISO 4217 agrees but for the ariary (MGA), and for ISK and UGX, which have no smaller unit and are
counted in hundredths all the same.
"""

from __future__ import annotations

import re


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAX_DIGITS = 12  # of an amount in the smallest unit
NO_DECIMALS = _codes("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf")
WHOLE_HUNDREDTHS = _codes("isk ugx")  # counted in hundredths, and never a part of a unit
THREE_DECIMALS = _codes("bhd jod kwd omr tnd")  # the last of which Stripe wants to be 0
TWO_DECIMALS = _codes(
    "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd "
    "cad cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd "
    "hkd hnl htg huf idr ils inr jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk "
    "mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron "
    "rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah usd "
    "uyu uzs wst xcd xcg yer zar zmw"
)
CURRENCIES = NO_DECIMALS | WHOLE_HUNDREDTHS | THREE_DECIMALS | TWO_DECIMALS
CODE = re.compile(r"[a-z]{3}")
AMOUNT = re.compile(r"([0-9]{1,12})(?:([.,])([0-9]{1,3}))?")
WITH_CODE = re.compile(r"([A-Za-z]{3})?\s*([0-9.,]+)\s*([A-Za-z]{3})?")


class MoneyError(ValueError):
    """What cannot be an amount of money; the message says what to write instead."""


def read(amount: str, currency: str) -> tuple[int, str]:
    """An amount as it was typed, in the currency's smallest unit, and the currency.

    Nothing is guessed: what could be read in two ways is refused.

    Args:
        amount: Such as `490`, `490.00` or `490.00 EUR`.
        currency: Its code, in letters of either case; '' where it stands with the amount.

    Raises:
        MoneyError: Where it is not an amount in a currency that Stripe takes.
    """
    split = WITH_CODE.fullmatch(amount.strip())
    number = split[2] if split else amount.strip()
    codes = [currency.strip(), *((split[1], split[3]) if split else ())]
    named = {code.lower() for code in codes if code}
    code = named.pop() if len(named) == 1 else ""
    if not CODE.fullmatch(code) or code not in CURRENCIES:
        raise MoneyError(
            "The currency has to be one code of three letters that Stripe takes, such as EUR."
        )
    found = AMOUNT.fullmatch(number) if number.isascii() else None
    if found is None or not _fits(found, code):
        raise MoneyError(
            f"The amount has to be written as {shown(example(code), code)}, without anything"
            f" between thousands{_besides(code)}."
        )
    counted = int(str(found[1]) + (found[3] or "").ljust(scale(code), "0"))
    if len(str(counted)) > MAX_DIGITS:
        raise MoneyError(f"The amount has to be below {shown(10**MAX_DIGITS, code)}.")
    return counted, code


def scale(currency: str) -> int:
    """How many digits of an amount in the smallest unit stand behind the point."""
    if currency in THREE_DECIMALS:
        return 3
    return 0 if currency in NO_DECIMALS else 2


def decimals(currency: str) -> int:
    """How many digits are written behind the point."""
    return 0 if currency in WHOLE_HUNDREDTHS else scale(currency)


def written(amount: int, currency: str) -> str:
    """An amount in the smallest unit as it is written, without its currency: 490.00."""
    places = scale(currency)
    if not places:
        return str(amount)
    whole, rest = divmod(amount, 10**places)
    if not decimals(currency) and not rest:
        return str(whole)
    return f"{whole}.{rest:0{places}d}"


def shown(amount: int, currency: str) -> str:
    """An amount in the smallest unit with its currency: EUR 490.00."""
    if currency not in CURRENCIES:
        return f"{amount} of the smallest unit of {currency.upper()}"
    return f"{currency.upper()} {written(amount, currency)}"


def example(currency: str) -> int:
    """An amount in the smallest unit, to show how one is written."""
    return 490 * int(10 ** scale(currency))


def _besides(currency: str) -> str:
    return "" if decimals(currency) else ", and without decimals"


def remark(amount: int, currency: str) -> str:
    """Why no payment can be of an amount, though it is one; '' where nothing is known."""
    if currency in THREE_DECIMALS and amount % 10:
        return f"Stripe takes amounts in {currency.upper()} only with 0 as the third decimal."
    return ""


def _fits(found: re.Match[str], currency: str) -> bool:
    """Whether an amount has decimals as its currency has them."""
    point, behind = found[2], found[3] or ""
    # a comma parts thousands for some and decimals for others: before two digits only decimals
    return len(behind) <= decimals(currency) and (point != "," or len(behind) == 2)
