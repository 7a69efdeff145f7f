"""Addresses through configurations: every case of the `.route` files beside this one."""

from pathlib import Path

import pytest

from support_routing import RouteFile, in_order, make_process, route_files, run_case


@pytest.mark.parametrize("route", list(route_files(Path(__file__).parent)), ids=lambda route: route.path.stem)
def test_routes(route: RouteFile, tmp_path: Path) -> None:
    process = make_process(route.install(tmp_path), route.records)
    for case in route.cases:
        expected = case.output.replace("@DIR@", str(tmp_path))
        assert in_order(run_case(process, case)) == in_order(expected), " ".join(case.words)
