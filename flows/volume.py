"""Whether the volume of a folder is encrypted, as far as the kernel knows.

It knows of dm-crypt below a volume and of file systems that encrypt by themselves. What a disk, the host of a
virtual machine or a network share does is not visible.
"""

import os
from pathlib import Path

_SYS = Path("/sys")
_MOUNTS = Path("/proc/self/mountinfo")
_ENCRYPTING = ("ecryptfs", "fuse.gocryptfs", "fuse.cryfs", "fuse.encfs")
_IN_MEMORY = ("tmpfs", "ramfs")
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "virtiofs")
_NOT_SEEN = "a disk, or the host of a virtual machine, may still do it unseen."


def encryption_of(folder: Path, mounts: Path = _MOUNTS, system: Path = _SYS) -> tuple[bool, str]:
    """(is it known to be encrypted, what is known) for the volume that holds a folder that exists."""
    kind, source, number = _mount_of(folder, mounts)
    if kind in _ENCRYPTING:
        return True, f"the file system encrypts ({kind})."
    if kind in _IN_MEMORY:
        return False, "not known: it is in memory, which may be written to swap."
    if kind in _NETWORK:
        return False, f"not known: it is a share of another machine ({kind})."
    block = _block_device(source, number, system)
    if block is None:
        return False, f"not known ({kind or 'no mount found'})."
    if _has_crypt(block):
        return True, "encrypted (dm-crypt)."
    return False, f"not encrypted by this system; {_NOT_SEEN}"


def _mount_of(folder: Path, mounts: Path) -> tuple[str, str, str]:
    """File system, source and device number (major:minor) of the mount with the longest fitting path."""
    place = os.path.realpath(folder)
    best, found = -1, ("", "", "")
    for line in mounts.read_text().splitlines():
        left, _, right = line.partition(" - ")
        fields, kind_and_source = left.split(), right.split()
        point = fields[4].replace("\\040", " ")
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        # Of two on the same point the later hides the earlier.
        if inside and len(point) >= best:
            best, found = len(point), (kind_and_source[0], kind_and_source[1], fields[2])
    return found


def _block_device(source: str, number: str, system: Path) -> Path | None:
    """The kernel's folder of the block device; some file systems have no number but name a device."""
    by_number = system / "dev" / "block" / number
    if by_number.exists():
        return by_number.resolve()
    by_name = system / "class" / "block" / Path(os.path.realpath(source)).name
    return by_name.resolve() if source.startswith("/dev/") and by_name.exists() else None


def _has_crypt(block: Path) -> bool:
    """Whether the device, or one that it is built on, is a dm-crypt device."""
    uuid = block / "dm" / "uuid"
    if uuid.exists() and uuid.read_text().startswith("CRYPT-"):
        return True
    slaves = block / "slaves"
    below = [slave.resolve() for slave in slaves.iterdir()] if slaves.is_dir() else []
    # A volume over several disks is encrypted only if all of them are.
    return bool(below) and all(_has_crypt(slave) for slave in below)
