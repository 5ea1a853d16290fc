"""Files as the programs of Nextcloud and ownCloud want them: the same tree at other addresses, large files in
chunks, what the server can do, and a way in that is granted in the browser."""
