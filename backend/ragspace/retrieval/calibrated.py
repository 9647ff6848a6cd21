"""Written by `python -m benchmarks.refusals`; docs/evaluation.md tells how."""

from ragspace.retrieval.calibration import Calibration

CALIBRATED = {
    "all-MiniLM-L6-v2": Calibration(
        bias=-0.525,
        foreign=-1.28,
        doubtful=-0.607,
        weights={
            "similarity": 4.175,
            "contrast": 7.965,
            "coverage": 3.431,
            "unknown": -1.011,
            "names": -2.15,
        },
        means={
            "similarity": 0.398,
            "contrast": 0.146,
            "coverage": 0.279,
            "unknown": 0.46,
            "names": 0.171,
        },
    ),
}
SCALE_FREE = Calibration(
    bias=-0.32,
    foreign=-1.183,
    doubtful=-0.885,
    weights={
        "standing": 0.059,
        "coverage": 4.228,
        "unknown": -1.807,
        "names": -1.776,
    },
    means={
        "standing": 7.465,
        "coverage": 0.279,
        "unknown": 0.46,
        "names": 0.171,
    },
)
