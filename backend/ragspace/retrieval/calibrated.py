"""Written by `python -m benchmarks refusals`; docs/evaluation.md tells how."""

from ragspace.retrieval.calibration import Calibration

CALIBRATED = {
    "all-MiniLM-L6-v2": Calibration(
        bias=-0.528,
        foreign=-1.53,
        weights={
            "similarity": 3.801,
            "contrast": 6.712,
            "coverage": 4.267,
            "unknown": -0.583,
            "names": -2.303,
        },
        means={
            "similarity": 0.381,
            "contrast": 0.153,
            "coverage": 0.314,
            "unknown": 0.403,
            "names": 0.15,
        },
    ),
}
SCALE_FREE = Calibration(
    bias=-0.39,
    foreign=-1.011,
    weights={
        "standing": 0.076,
        "coverage": 5.38,
        "unknown": -0.94,
        "names": -2.193,
    },
    means={
        "standing": 7.29,
        "coverage": 0.314,
        "unknown": 0.403,
        "names": 0.15,
    },
)
