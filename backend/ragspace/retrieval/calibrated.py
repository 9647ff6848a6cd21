"""Written by `python -m benchmarks.refusals`; docs/evaluation.md tells how."""

from ragspace.retrieval.calibration import Calibration

CALIBRATED = {
    "all-MiniLM-L6-v2": Calibration(
        bias=-0.549,
        foreign=-1.319,
        doubtful=-0.593,
        weights={
            "similarity": 4.006,
            "contrast": 8.038,
            "coverage": 3.31,
            "unknown": -1.292,
            "names": -2.128,
        },
        means={
            "similarity": 0.398,
            "contrast": 0.146,
            "coverage": 0.287,
            "unknown": 0.444,
            "names": 0.171,
        },
    ),
}
SCALE_FREE = Calibration(
    bias=-0.348,
    foreign=-1.181,
    doubtful=-0.781,
    weights={
        "standing": 0.062,
        "coverage": 4.032,
        "unknown": -2.113,
        "names": -1.742,
    },
    means={
        "standing": 7.465,
        "coverage": 0.287,
        "unknown": 0.444,
        "names": 0.171,
    },
)
