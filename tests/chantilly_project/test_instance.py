from pathlib import Path

from chantilly_project import instance


class TestSecretKey:
    def test_of_the_first_to_draw_stays(self, tmp_path: Path) -> None:
        def another_process_was_first() -> str:
            (tmp_path / instance.KEY_FILE).write_text("the first one's\n")
            return "too late"

        instance._draw(tmp_path / instance.KEY_FILE, another_process_was_first)

        assert instance.secret_key(tmp_path) == "the first one's"
        assert [file.name for file in tmp_path.iterdir()] == [instance.KEY_FILE]


class TestHashSeed:
    def test_is_another_for_each_instance_and_stays(self, tmp_path: Path) -> None:
        folders = [tmp_path / str(i) for i in range(20)]
        for folder in folders:
            folder.mkdir()

        seeds = [instance.hash_seed(folder) for folder in folders]

        assert len(set(seeds)) == 20
        assert all(0 < seed < 2**32 for seed in seeds)
        assert [instance.hash_seed(folder) for folder in folders] == seeds
        assert {(folder / "hash_seed").stat().st_mode & 0o777 for folder in folders} == {0o600}
