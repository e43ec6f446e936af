"""`mkt create`: make a torrent of content on disk or standard input."""

from __future__ import annotations

import gc
import time
from dataclasses import replace
from pathlib import Path

import typer

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.options.create_options import (
    DescriptionOptions,
    FormatOptions,
    OutputFileOptions,
    SeedingOptions,
    SelectionOptions,
    SourceOptions,
    build_options,
)
from mktorrent_py.cli.options.groups import in_groups, with_examples
from mktorrent_py.cli.options.output import HashingOptions
from mktorrent_py.cli.output import create_report, streams
from mktorrent_py.cli.output.output_paths import STANDARD_STREAM, OutputPaths
from mktorrent_py.cli.output.progress import shown
from mktorrent_py.content import own_name
from mktorrent_py.create import CreateOptions, CreateResult, Draft, create_from_stream, draft_torrent, hash_draft
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import plural
from mktorrent_py.hashing import Progress
from mktorrent_py.torrentfile import write_together

app = typer.Typer()


@app.command(
    cls=with_examples(
        "mkt create release -t https://tracker.example/announce",
        "mkt create release --v1 -o release.torrent --exclude '*.tmp'",
        "tar c release | mkt create - -n release.tar -o release.torrent",
    )
)
@in_groups
def create(
    target: OutputFileOptions,
    form: FormatOptions,
    sources: SourceOptions,
    description: DescriptionOptions,
    selection: SelectionOptions,
    seeding: SeedingOptions,
    output: HashingOptions,
) -> int:
    """Create a torrent of CONTENT, by default a hybrid of v1 and v2.

    Content is read once. The torrent is written whole or not at all.
    """
    started = time.monotonic()
    paths = target.paths()
    options = build_options(form, sources, description, selection, checksums=paths.checksums, threads=output.threads)
    session = seeding.session(target, output)
    if session is not None:
        # What seeds runs for long: from here on it collects its garbage, which `entry` has turned off.
        gc.enable()
    paths.check(dry_run=target.dry_run)
    printer = output.printer()
    if paths.to_stdout and not target.dry_run and (output.json or output.field is not None):
        raise UsageError("--output - cannot be combined with --json or --field")
    if output.field is not None:
        printer.check_field(create_report.fields(dry_run=target.dry_run))
    if target.content == STANDARD_STREAM:
        created = _create_from_stdin(target, paths, options, output)
    else:
        draft = _draft(target, paths, options, output)
        if target.dry_run:
            path = paths.target(create_report.torrent_path(draft.name))
            printer.print(create_report.draft_result(draft, path, verbose=output.verbose))
            return ExitCode.DONE
        created = _hash(draft, output)
    path = paths.target(create_report.torrent_path(created.metainfo.info.name))
    if path is None:
        streams.write_binary_stdout(created.metainfo.to_bytes())
    else:
        write_together(create_report.file_data(created, path, paths), overwrite=paths.force)
    if not output.quiet:
        create_report.warn_of_findings(created)
    if path is None:
        return ExitCode.DONE
    seconds = time.monotonic() - started
    printer.print(
        create_report.created_result(
            created, path, paths, seconds, verbose=output.verbose, event="created" if session else ""
        )
    )
    if session is None:
        if printer.is_text and target.content != STANDARD_STREAM:
            create_report.print_next_steps(path, target.content)
        return ExitCode.DONE
    from mktorrent_py.cli.output.seed_events import seed_created

    return seed_created(created, session, seconds=seconds, json=output.json, quiet=output.quiet)


def _draft(target: OutputFileOptions, paths: OutputPaths, options: CreateOptions, output: HashingOptions) -> Draft:
    """Scan the content without the outputs, check the outputs, and print warnings."""
    content = Path(target.content)
    path = paths.target(create_report.torrent_path(options.name or own_name(content)))
    never = frozenset([each.absolute() for each in paths.files(path)])
    draft = draft_torrent(content, replace(options, scan=replace(options.scan, never=never)))
    paths.check_files(paths.target(create_report.torrent_path(draft.name)), overwrite=paths.force)
    if not output.quiet:
        create_report.warn_of_draft(draft)
    return draft


def _hash(draft: Draft, output: HashingOptions) -> CreateResult:
    content, progress = draft.content, Progress()
    if output.verbose:
        create_report.note_hashing(content.root, output.threads)
    files = plural(len(content.files), "file") if len(content.files) > 1 else ""
    with shown(output.progress_mode(), "hashing", content.total, lambda: progress.bytes_done, files):
        return hash_draft(draft, progress=progress)


def _create_from_stdin(
    target: OutputFileOptions, paths: OutputPaths, options: CreateOptions, output: HashingOptions
) -> CreateResult:
    if options.name is None or paths.output is None:
        raise UsageError("content from standard input needs --name and --output")
    if target.dry_run:
        raise UsageError("--dry-run cannot be used with standard input")
    if options.file_list is not None:
        raise UsageError("--files-from cannot be used with standard input")
    paths.check_files(paths.target(create_report.torrent_path(options.name)), overwrite=paths.force)
    stream, progress = streams.binary_stdin(), Progress()
    if output.verbose:
        create_report.note_hashing(None, output.threads)
    with shown(output.progress_mode(), "hashing", None, lambda: progress.bytes_done):
        return create_from_stream(stream, options, progress=progress)
