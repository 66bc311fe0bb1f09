from pathlib import Path

from chantilly_project import instance


class TestSecretKey:
    def test_of_the_first_to_draw_stays(self, tmp_path: Path) -> None:
        first = instance.secret_key(tmp_path)

        # What a process does that found no key a moment ago.
        instance._draw_key(tmp_path / instance.KEY_FILE)

        assert instance.secret_key(tmp_path) == first
        assert [file.name for file in tmp_path.iterdir()] == [instance.KEY_FILE]
