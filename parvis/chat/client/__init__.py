"""The doors that clients of Matrix come through (Matrix v1.19 Client-Server API), one verb or noun a file. Each
file lists its ENDPOINTS; table.py has them all, door.py answers them."""
