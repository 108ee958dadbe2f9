/**
 * Python module that finds the modules of a server's start in one file instead of some thousand: on squashfs
 * every look-up, open and read of a small file is a round trip through FUSE.
 *
 * Layout: 8 bytes magic, 4 bytes length of the index (little endian), the index (marshal), code objects (marshal).
 * The index holds the interpreter, `sys.path` and, by module name, `(origin, offset, length, is_package, size)`;
 * length 0 marks an extension module, of which only the place is kept. The bundle counts for nothing under another
 * interpreter or another search path. Where the image can be written, a module counts only while its source
 * has the recorded size and is not newer than the bundle.
 */
export const bundleProgram: string = String.raw`
import marshal, os, sys
from importlib.machinery import ExtensionFileLoader, SourceFileLoader
from importlib.util import spec_from_file_location

MAGIC = b"R2SBND01"


class BundledLoader(SourceFileLoader):
    """Loads like the file beside it, with the code object from the bundle."""

    def __init__(self, name, path, code):
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname):
        return marshal.loads(self.code)


class BundleFinder:
    def __init__(self, modules, codes, newest_ns):
        self.modules = modules
        self.codes = codes
        self.newest_ns = newest_ns

    def find_spec(self, name, path=None, target=None):
        item = self.modules.get(name)
        if item is None:
            return None
        origin, offset, length, is_package, size = item
        folder = os.path.dirname(os.path.dirname(origin) if is_package else origin)
        if path is not None and folder not in path:
            return None
        if self.newest_ns is not None and not self.is_unchanged(origin, size):
            return None
        loader = BundledLoader(name, origin, self.codes[offset : offset + length]) if length else ExtensionFileLoader(name, origin)
        locations = [os.path.dirname(origin)] if is_package else None
        return spec_from_file_location(name, origin, loader=loader, submodule_search_locations=locations)

    def is_unchanged(self, origin, size):
        try:
            info = os.stat(origin)
        except OSError:
            return False
        return info.st_size == size and info.st_mtime_ns <= self.newest_ns


def interpreter():
    return [sys.version, sys.implementation.cache_tag, sys.executable]


def read(path):
    """The index and the code objects' bytes."""
    with open(path, "rb") as file:
        data = memoryview(file.read())
    if bytes(data[:8]) != MAGIC:
        raise ValueError("no bundle")
    start = 12 + int.from_bytes(data[8:12], "little")
    return marshal.loads(data[12:start]), data[start:]


def install(path):
    index, codes = read(path)
    if index["interpreter"] != interpreter() or index["path"] != sys.path:
        return
    is_read_only = os.statvfs(path).f_flag & os.ST_RDONLY
    newest_ns = None if is_read_only else os.stat(path).st_mtime_ns
    sys.meta_path.insert(0, BundleFinder(index["modules"], codes, newest_ns))
`.trimStart();
