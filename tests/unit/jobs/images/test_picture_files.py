from __future__ import annotations

import io
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from jobs.images import picture_files
from jobs.images.picture_files import NotReached, PictureFiles, Unchanged, leaves_drop
from models.images.reading import PictureRefused


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    (tmp_path / "drop" / "pics").mkdir(parents=True)
    (tmp_path / "drop" / "pics" / "a.jpg").write_bytes(b"picture a")
    (tmp_path / "secret.txt").write_bytes(b"of another shop")
    (tmp_path / "drop" / "pics" / "link.jpg").symlink_to(tmp_path / "secret.txt")
    return tmp_path / "drop"


def reason(files: PictureFiles, source: str) -> str:
    with pytest.raises(PictureRefused) as refused:
        files.read(source)
    return refused.value.reason


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../secret.txt", "pics/../../secret.txt", "..\\secret.txt", "\\\\host\\x", "C:/x.jpg",
     "file:///etc/passwd", "~/x.jpg", "a\0.jpg"],
)  # fmt: skip
def test_a_path_that_leaves_the_drop_is_refused(drop: Path, path: str) -> None:
    assert leaves_drop(path)
    assert reason(PictureFiles(str(drop)), path) == "outside_drop"


def test_a_link_out_of_the_drop_is_refused_and_names_with_dots_are_not(drop: Path) -> None:
    (drop / "a..b.jpg").write_bytes(b"fine")
    files = PictureFiles(str(drop))
    assert reason(files, "pics/link.jpg") == "outside_drop"
    assert files.read("a..b.jpg")[0] == b"fine"


def test_a_file_is_read_with_its_tag_and_no_further_than_the_limit(drop: Path) -> None:
    files = PictureFiles(str(drop), max_bytes=3)
    data, tag = files.read("pics/a.jpg")
    assert data == b"pict"
    assert files.tags(["pics/a.jpg", "pics/none.jpg"]) == {"pics/a.jpg": tag, "pics/none.jpg": None}
    assert reason(files, "pics/none.jpg") == "missing_file"


def test_a_name_that_is_too_long_is_a_missing_file_and_the_others_have_their_tags(drop: Path) -> None:
    files = PictureFiles(str(drop))
    long = f"pics/{'a' * 300}.jpg"
    tags = files.tags(["pics/a.jpg", long])
    assert tags == {"pics/a.jpg": files.read("pics/a.jpg")[1], long: None}
    assert reason(files, long) == "missing_file"


def test_a_file_that_is_replaced_while_it_is_read_does_not_get_the_new_ones_tag(
    drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, path = PictureFiles(str(drop)), drop / "pics" / "a.jpg"
    fs, base = picture_files.opened(str(drop))

    class Replaced:
        def get_file_info(self, paths: list[str]) -> object:
            return fs.get_file_info(paths)

        def open_input_stream(self, name: str, compression: None) -> io.BytesIO:
            data = Path(name).read_bytes()
            path.write_bytes(b"another picture")
            return io.BytesIO(data)

    monkeypatch.setattr(picture_files, "opened", lambda root: (Replaced(), base))
    data, tag = files.read("pics/a.jpg")
    assert data == b"picture a"
    assert tag != files.tags(["pics/a.jpg"])["pics/a.jpg"]


@pytest.mark.parametrize("url", ["http://[bad/x.jpg", "https://", "http:///x.jpg"])
def test_a_url_without_a_host_is_refused(drop: Path, url: str) -> None:
    assert reason(PictureFiles(str(drop), ("127.0.0.1",)), url) == "host_not_named"


def test_it_can_be_sent_to_a_worker(drop: Path) -> None:
    files = PictureFiles(str(drop), ("shop.example",))
    files._pool()
    assert pickle.loads(pickle.dumps(files)).read("pics/a.jpg")[0] == b"picture a"


class Host(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/away.jpg":
            self.send_response(302)
            self.send_header("Location", "http://elsewhere.example/x.jpg")
        elif self.path == "/nowhere.jpg":
            self.send_response(302)
            self.send_header("Location", "http://[nowhere/x.jpg")
        elif self.path == "/round.jpg":
            self.send_response(301)
            self.send_header("Location", "/round.jpg")
        elif self.path.startswith("/503"):
            self.send_response(503)
        elif self.path != "/a.jpg":
            self.send_response(404)
        elif self.headers["If-None-Match"] == '"v1"':
            self.send_response(304)
        else:
            self.send_response(200)
            self.send_header("ETag", '"v1"')
            self.end_headers()
            self.wfile.write(b"picture of the host")
            return
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_only_named_hosts_are_asked(drop: Path, host: str) -> None:
    assert reason(PictureFiles(str(drop)), f"{host}/a.jpg") == "host_not_named"
    files = PictureFiles(str(drop), ("127.0.0.1",), 5.0)
    assert files.read(f"{host}/a.jpg") == (b"picture of the host", '"v1"')
    assert reason(files, f"{host}/away.jpg") == "host_not_named"
    assert reason(files, f"{host}/round.jpg") == "not_fetched"
    assert reason(files, f"{host}/nowhere.jpg") == "not_fetched"
    assert reason(files, f"{host}/none.jpg") == "not_fetched"


def test_a_host_that_cannot_answer_says_nothing_about_its_picture(drop: Path, host: str) -> None:
    files = PictureFiles(str(drop), ("127.0.0.1",), 5.0)
    for url in (f"{host}/503.jpg", "http://127.0.0.1:9/a.jpg"):
        with pytest.raises(NotReached):
            files.read(url)
    with pytest.raises(PictureRefused) as gone:
        files.read(f"{host}/none.jpg")
    assert not isinstance(gone.value, NotReached)


def test_a_host_that_says_unchanged_sends_nothing(drop: Path, host: str) -> None:
    with pytest.raises(Unchanged):
        PictureFiles(str(drop), ("127.0.0.1",), 5.0).read(f"{host}/a.jpg", '"v1"')
