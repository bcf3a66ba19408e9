import json

import striate


def test_every_network_is_listed(striate_command):
    code, out, _ = striate_command("models")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == striate.list_models()
    code, out, _ = striate_command("models", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert rows["lenet5"]["parameters"] == 60_000 and rows["lenet5"]["year"] == 1998
    assert rows["mobilenet_v2"]["parameters"] == 3_504_872
