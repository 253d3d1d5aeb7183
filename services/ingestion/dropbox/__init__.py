"""Drop folders: files renamed into a feed's folder are taken once and put into `done` or `refused`.

A way of one file: `FOLDER/story.xml` → claimed by a rename into `FOLDER/.taking/TOKEN/` → its items through the same door
as pushes → renamed into `done/` or, with a reason beside it, `refused/`. The token (a UUID of version 7) names the receipt
and the time of receipt, so a file that a killed process had claimed is sent again as the very same items.

`names.py` which names are files to be taken, `folder.py` the folder on disk, `archives.py` zip and tar without bombs,
`taker.py` one claimed file through the door, `watcher.py` one folder, `watchers.py` all folders of the feeds file.
"""

from services.ingestion.dropbox.watchers import DropFolders

__all__ = ["DropFolders"]
