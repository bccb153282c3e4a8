"""What a worker does when the bell rings: a few lines per job."""

import structlog

from cdpweb import leases
from cdpweb.config import Config
from cdpweb.engine import run
from cdpweb.extensions import current_config, db
from cdpweb.services import uploads

log = structlog.get_logger()


def run_task(task_id: int, progress: run.Progress = lambda: None) -> None:
    """Run a task from its checkpoint to its end, under its lease; does nothing where another worker has it."""
    config, owner = current_config(), leases.new_owner()
    folder = uploads.folder_of(config)
    try:
        with leases.held(task_id, owner):
            run.run_task(db.engine, task_id, owner=owner, folder=folder, limits=limits(config), progress=progress)
    except leases.LeaseTaken:
        log.info("task_has_a_worker", task=task_id)


def limits(config: Config) -> run.Limits:
    """The settings that the engine keeps to."""
    return run.Limits(
        block_bytes=config.BLOCK_BYTES,
        max_cell_bytes=config.MAX_CELL_BYTES,
        max_unpacked_bytes=config.MAX_UNPACKED_BYTES,
        wait_between_blocks_seconds=config.WAIT_BETWEEN_BLOCKS_SECONDS,
    )
