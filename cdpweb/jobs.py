"""What a worker does when the bell rings: a few lines per job."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from cdpweb import leases
from cdpweb.config import Config
from cdpweb.extensions import current_config, db
from cdpweb.services import uploads

if TYPE_CHECKING:
    from cdpweb.engine.run import Limits

log = structlog.get_logger()


def run_task(task_id: int, progress: Callable[[], None] = lambda: None) -> None:
    """Run a task from its checkpoint to its end, under its lease; does nothing where another worker has it."""
    from cdpweb.engine import run

    config, owner = current_config(), leases.new_owner()
    try:
        with leases.held(task_id, owner):
            run.run_task(
                db.engine,
                task_id,
                owner=owner,
                folder=uploads.folder_of(config),
                limits=limits(config),
                progress=progress,
            )
    except leases.LeaseTaken:
        log.info("task_has_a_worker", task=task_id)


def limits(config: Config) -> "Limits":
    """The settings that the engine keeps to."""
    from cdpweb.engine import run

    return run.Limits(
        block_bytes=config.BLOCK_BYTES,
        max_cell_bytes=config.MAX_CELL_BYTES,
        max_unpacked_bytes=config.MAX_UNPACKED_BYTES,
        wait_between_blocks_seconds=config.WAIT_BETWEEN_BLOCKS_SECONDS,
    )
