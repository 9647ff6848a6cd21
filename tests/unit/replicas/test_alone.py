"""Without REDIS_URL nothing of it is loaded."""

import subprocess
import sys


def test_a_replica_alone_loads_no_redis():
    program = (
        "import sys\n"
        "from ragspace.app import create_app\n"
        "from ragspace import configuration\n"
        "create_app(configuration.load({}))\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'redis' or '.replicas' in name])"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"
