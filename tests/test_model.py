import json

from hypothesis import given
from hypothesis import strategies as st

from verify.model import Against, Answer, Finding, Pair, Portability, Region, Strength

number = st.floats(allow_nan=False, allow_infinity=False)
point = st.tuples(number, number)
findings = st.builds(
    Finding,
    answer=st.sampled_from(Answer),
    because=st.text(),
    against=st.none() | st.builds(Against, st.text(), st.text()),
    measured=st.dictionaries(st.text(), st.none() | st.integers() | number | st.text()),
    regions=st.lists(
        st.builds(Region, st.lists(point).map(tuple), st.text(), st.sampled_from(["picture", "against"]))
    ).map(tuple),
    pairs=st.lists(st.builds(Pair, point, point)).map(tuple),
    score=st.none() | number,
    strength=st.lists(st.builds(Strength, st.text(), number, st.text(), st.text())).map(tuple),
    level=st.none() | st.text(),
    portability=st.none() | st.sampled_from(Portability),
    limits=st.text(),
)


@given(findings)
def test_a_finding_survives_json(finding):
    assert Finding.from_json(json.loads(json.dumps(finding.to_json()))) == finding
