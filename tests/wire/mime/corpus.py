"""Messages to begin from: written here, and CPython's own test mails where they are on this machine."""

import functools
import pathlib
import sysconfig

SEEDS = [
    b"",
    b"Subject: x\r\n\r\nbody\r\n",
    b"From joe Thu Feb 13 23:32:54 1969\nSubject: x\n\nbody\n",
    b'To: "A, B" <a@b>, c@d (E), G: x@y;\r\nDate: Thu, 13 Feb 1969 23:32:54 -0330\r\nMessage-ID: <a@b>\r\n'
    b"References: <a@b>\r\n <c@d>\r\nSubject: =?utf-8?B?w6k=?= =?iso-2022-jp?B?GyRCJDMbKEI=?=\r\nList-Post: <mailto:a@b>\r\n\r\n",
    b'Content-Type: multipart/mixed; boundary="a"\r\n\r\npre\r\n--a\r\nContent-Type: text/plain; charset=utf-8\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9=\r\n!\r\n--a\r\n"
    b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: text/html\r\n\r\n"
    b"<p>Hello <b>you</b><div style=display:none>no</div>\r\n--b--\r\n--a\r\nContent-Type: application/pdf; name*0*=utf-8''a%20;\r\n"
    b' name*1=b.pdf\r\nContent-Disposition: attachment; filename="=?utf-8?q?x=2Epdf?="\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    b"AAEC\r\nAw==\r\n--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx\r\n--a--\r\nepi\r\n",
    b"Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: one\n\nx\n--d\n\nSubject: two\n\ny\n--d--\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n",
    b"Content-Type: text/plain; charset=gb2312\r\n\r\n\xc4\xe3\xba\xc3\r\n",
    b"Content-Type: text/html; charset=windows-1258\r\n\r\n<table><tr><td>\xc2\xf2ng</table>\r\n",
    b'Subject: d\xe9j\xe0\r\nX: \xff\xfe\0\r\nContent-Type: (c)text/plain(c);charset="\r\n\r\n\xe9\0\x1b$B',
]
PIECES = [
    b"\r\n", b"\n", b"\r", b"--a", b"--a--", b"--b\r\n", b"\r\n\r\n", b"=", b"=?", b"?=", b"\"", b"\\", b"<", b">", b"(", b")", b";", b":", b",",
    b"Content-Type: ", b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n", b"Content-Transfer-Encoding: base64\r\n", b"boundary=a",
    b"charset=utf-7", b"charset=utf-16", b"charset=iso-2022-jp", b"charset=hz", b"charset=x-unknown", b"\xff", b"\0", b"\x1b$B", b"*0*=", b"''", b"From ",
]  # fmt: skip


@functools.cache
def seeds() -> list[bytes]:
    """All messages to begin from."""
    data = pathlib.Path(sysconfig.get_path("stdlib")) / "test" / "test_email" / "data"
    return SEEDS + [path.read_bytes() for path in sorted(data.glob("msg_*.txt"))]
