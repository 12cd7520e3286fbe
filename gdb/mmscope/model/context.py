# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything a model needs to know about the target at one stop, found when first asked for."""
from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar

from ..errors import FaultError, MissingError
from ..layout.arch import Arch, architecture
from ..layout.buildid import NOTES_BYTES, build_id
from ..layout.layout import Layout, is_pointer
from ..layout.pagetable import Mmu, ReadPhys, TablePlace
from ..layout.pageflags import PageFlags, node_count, page_flags
from ..layout.reader import Reader
from ..target.cache import CachedMemory
from .nodemask import online_nodes
from .kaslr import Elsewhere, find_elsewhere
from .pagemap import PageMap, find_page_map, section_bits
from .stage import Stage, find_stage, init_is_freed
from .terminal import Terminal
from .text import release_of

if TYPE_CHECKING:
    from ..target.engine import Machine

BANNER_BYTES = 256
BANNERS = ("mmscope ", "Linux version ")
MAX_NODES = 1024

T = TypeVar("T")


@dataclass(frozen=True)
class Host:
    """What only the debugger can tell: it is given by the session, or by a test."""

    live: Optional[str]                             # None: stopped and readable; else why it is not
    static: Callable[[int, int], Optional[bytes]]   # bytes that the symbol file loads at an address
    register: Callable[[str], Optional[int]]        # a register of the selected CPU
    evaluate: Callable[[str], "Expression"]         # a C expression
    physical: Callable[[], Optional[ReadPhys]] = lambda: None   # reads physical memory; None: there is no way to
    symbolize: Callable[[int], Optional["Symbolized"]] = lambda addr: None      # by the symbol file
    symbol_file: Optional[str] = None
    moved: Callable[[int], int] = lambda text: 0    # how far from where the file has them the symbols are loaded
    backtraces: Callable[[], tuple[tuple[str, ...], ...]] = tuple   # of each CPU: functions, the innermost first
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)   # snapshots by name, until the session ends
    terminal: Callable[[], Terminal] = Terminal
    memo: dict[str, Any] = field(default_factory=dict)      # what commands that run the target have kept of it
    dump: Optional[str] = None                      # the files, where this is no live target
    place: Optional[int] = None                     # how far the kernel of a dump is from where the symbols are
    progress: Callable[[int, int], None] = lambda done, of: None    # is told how much of a long look is done


@dataclass(frozen=True)
class Symbolized:
    """An address as the symbol around it and the distance from that."""

    name: str
    offset: int
    size: Optional[int]         # None: not known

    @property
    def text(self) -> str:
        """The form of %pS."""
        return f"{self.name}+{self.offset:#x}" + (f"/{self.size:#x}" if self.size is not None else "")


@dataclass(frozen=True)
class Expression:
    """The value of a C expression, and whether its type says that it points to a struct page."""

    value: int          # negative where its type is signed: registers often are
    is_page: bool


class Context:
    """The target at one stop: memory, names, architecture, stage."""

    def __init__(self, memory: CachedMemory, layout: Layout, host: Host) -> None:
        self.memory = memory
        self.layout = layout
        self.host = host
        self.read = Reader(memory, layout)
        self.notes: tuple[str, ...] = ()        # about ways to memory that are not taken
        self.stepping = False                   # a long look tells of its progress: progress.py
        self._engine: Optional[Machine] = None
        self._kept: dict[str, Any] = {}

    @property
    def engine(self) -> Optional[Machine]:
        """The dump engine over this kernel's memory, for what Python would do slower; None: there is none."""
        return self._engine if not getattr(self.memory.transport, "broken", False) else None

    @engine.setter
    def engine(self, machine: Optional[Machine]) -> None:
        """Whoever makes the context gives it, once its virtual memory is right."""
        self._engine = machine

    def once(self, name: str, make: Callable[[Context], T]) -> T:
        """What make finds, worked out once a stop: name is its module and what it is. An error is not kept."""
        if name not in self._kept:
            self._kept[name] = make(self)
        return self._kept[name]

    @cached_property
    def kind(self) -> Optional[str]:
        """"guest" or "linux", by which banner the symbols have; None without kernel symbols."""
        banner = self.layout.find_variable("banner")
        if banner is None:
            return None
        return "guest" if banner.path.startswith("mmscope") else "linux"

    @cached_property
    def banner(self) -> Optional[str]:
        """The banner in target memory; None when what is there is no banner, or the kernel's data is not readable.

        In user space a kernel may have its text and constants mapped, and nothing else.
        """
        if self.kind is None or self.host.live is not None:
            return None
        data = self.layout.find_variable("system_state")
        try:
            self.memory.read(data.addr, 4) if data is not None else None
        except FaultError:
            return None
        text = self.read.string(self.read.address("banner"), BANNER_BYTES)
        return text if text is not None and text.startswith(BANNERS) else None

    @cached_property
    def symbol_banner(self) -> Optional[str]:
        """The banner in the symbol file; None when that has no contents for it."""
        if self.kind is None:
            return None
        data = self.host.static(self.read.address("banner"), BANNER_BYTES)
        text = data.split(b"\0")[0].decode("latin-1") if data else ""
        return text if text.startswith(BANNERS) else None

    @cached_property
    def elsewhere(self) -> Optional[Elsewhere]:
        """Where or what the kernel is that runs when the banner is not at its address; None when none is found."""
        if self.kind != "linux" or self.host.live is not None or self.banner is not None or self.mmu is False:
            return None
        if self.host.place is not None:
            return Elsewhere(self.host.place, None)
        try:
            return find_elsewhere(self, self.read.address("banner"), self.symbol_banner)
        except MissingError:
            return None

    @cached_property
    def kaslr_offset(self) -> Optional[int]:
        """How far the kernel runs from where its symbol file has it; None when that is not known."""
        if self.elsewhere is not None and self.elsewhere.offset is None or self.kind is None:
            return None
        text = self.layout.find_variable("kernel text")
        loaded = self.host.moved(text.addr) if text is not None else 0
        if self.elsewhere is not None and self.elsewhere.offset is not None:
            return loaded + self.elsewhere.offset
        return loaded if self.banner is not None else None

    @cached_property
    def mismatch(self) -> Optional[str]:
        """One line when the running kernel is not the one whose symbols are loaded, or not where they are."""
        if self.elsewhere is not None and self.elsewhere.offset is not None:
            return (f"KASLR has moved this kernel by {self.kaslr_offset:#x}, nothing is decoded: load its symbols "
                    f"there with 'symbol-file -o {self.kaslr_offset:#x} {self.host.symbol_file or 'VMLINUX'}'")
        banner = self.banner or (self.elsewhere.banner if self.elsewhere is not None else None)
        if banner is not None and self.symbol_banner is None and self._built_apart():
            return f"the target runs {release_of(banner)}, the symbols are of another build: nothing is decoded"
        if banner is None or self.symbol_banner is None or banner == self.symbol_banner:
            return None
        running, loaded = release_of(banner), release_of(self.symbol_banner)
        if running == loaded:
            return f"the target runs another build of {running} than the symbols are of: nothing is decoded"
        return f"the target runs {running}, the symbols are of {loaded}: nothing is decoded"

    def _built_apart(self) -> bool:
        """Whether the build IDs of target and symbol file differ: some files keep no constants, but their notes."""
        notes = self.layout.find_variable("notes")
        if notes is None:
            return False
        try:
            running = build_id(self.memory.read(notes.addr, NOTES_BYTES), self.read.order)
        except FaultError:
            return False
        loaded = build_id(self.host.static(notes.addr, NOTES_BYTES), self.read.order)
        return running is not None and loaded is not None and running != loaded

    @cached_property
    def release(self) -> Optional[str]:
        """The kernel's release, from its banner."""
        other = self.elsewhere.banner if self.elsewhere is not None else None
        banner = self.banner or other or self.symbol_banner
        return release_of(banner) if banner else None

    @property
    def arch_name(self) -> str:
        """The architecture's name here; GDB's own where it is not known."""
        module = architecture(self.layout.debug.arch)
        return module.NAME if module is not None else self.layout.debug.arch

    @cached_property
    def arch(self) -> Arch:
        """The architecture's addresses. Raises MissingError for an architecture that is not known."""
        module = architecture(self.layout.debug.arch)
        if module is None:
            raise MissingError(f"architecture {self.arch_name} is not known, only arm, arm64 and x86_64")
        return module.resolve(self.read, self.host.register)

    @cached_property
    def cpu_mmu(self) -> Optional[Mmu]:
        """The page tables that the selected CPU uses; None when it does not say, and while its MMU is off."""
        module = architecture(self.layout.debug.arch)
        return module.cpu_mmu(self.host.register) if module is not None and self.mmu is not False else None

    def read_phys(self, phys: int, size: int) -> bytes:
        """Physical memory, through the linear map where there is no other way. Raises FaultError, MissingError."""
        physical = self.host.physical()
        if physical is not None:
            return physical(phys, size)
        addr = self.arch.phys_to_virt(phys)
        if addr is None:
            raise FaultError(phys, size)
        return self.memory.read(addr, size)

    @cached_property
    def mmu(self) -> Optional[bool]:
        """Whether the selected CPU has its MMU on; None when it does not say."""
        module = architecture(self.layout.debug.arch)
        found = module.mmu_enabled(self.host.register) if module is not None else None
        if found is None and self.host.dump is not None:
            return self._runs_in_kernel() or None
        return found

    def _runs_in_kernel(self) -> bool:
        """Whether the selected CPU is at an address of the kernel that is mapped elsewhere than it says."""
        pc = self.host.register("pc")
        try:
            return pc is not None and pc >= self.arch.user_end and self.arch.virt_to_phys(pc) not in (None, pc)
        except (MissingError, FaultError):
            return False

    @property
    def user_mode(self) -> bool:
        """Whether the selected CPU is known to run a program."""
        module = architecture(self.layout.debug.arch)
        return module is not None and bool(module.user_mode(self.host.register))

    @cached_property
    def stage(self) -> Optional[Stage]:
        """How far the boot is; None without a live target, and without the symbols of what runs there."""
        if self.kind is None or self.host.live is not None or self.mismatch is not None:
            return None
        if self.banner is None:
            return Stage.RESET
        try:
            zones = self.zone_addrs
        except (FaultError, MissingError):
            zones = ()
        return find_stage(self.read, zones)

    @property
    def stage_text(self) -> Optional[str]:
        """The stage as a sentence, with what to do about it where that helps."""
        if self.stage is Stage.RESET:
            pc = self.host.register("pc")
            at = f" (pc {pc:#x})" if pc is not None else ""
            if self.mmu is not False and self.user_mode:
                return (f"the CPU is in user space{at}, where this kernel is not mapped: stop in the kernel, for "
                        "example: hbreak schedule, continue")
            if self.mmu is False:
                return f"the MMU is off{at}: run on first, for example: hbreak start_kernel, continue"
            return f"the kernel is not at its addresses{at}: it does not run yet, or these are not its symbols"
        return self.stage.text if self.stage is not None else None

    @cached_property
    def node_addrs(self) -> tuple[int, ...]:
        """Address of the struct pglist_data of each node that is online. Raises MissingError, FaultError."""
        node = self.layout.variable("node")
        if node.path != "node_data":
            return (node.addr,)
        count = min(node_count(self.layout), MAX_NODES)
        step = self.read.word if node.type is None or is_pointer(node.type.element) else 0
        if not step:
            raise MissingError("node_data is not an array of pointers")
        online = online_nodes(self.read)
        addrs = (self.read.unsigned(node.addr + index * step) for index in range(count)
                 if online is None or index in online)
        return tuple(addr for addr in addrs if addr)

    @cached_property
    def zone_addrs(self) -> tuple[int, ...]:
        """Address of each zone, node by node. Raises MissingError, FaultError."""
        field = self.layout.field("pglist_data.node_zones")
        step = self.layout.struct("zone").size
        return tuple(node + field.offset + index * step
                     for node in self.node_addrs for index in range(field.type.count))

    @cached_property
    def kernel_tables(self) -> frozenset[int]:
        """Physical address of each page that has page tables of the kernel's own; empty when unreadable.

        A process's tables are told by their struct page alone.
        """
        try:
            shift = self.arch.page_shift
        except (MissingError, FaultError):
            return frozenset()
        return frozenset(phys >> shift << shift for phys in self.kernel_table_places)

    @cached_property
    def kernel_table_places(self) -> dict[int, TablePlace]:
        """The kernel's own tables below the first one, by physical address; empty when unreadable."""
        try:
            mmu = self.arch.mmu
            root = mmu.root((1 << self.arch.address_bits) - 1)
            return mmu.tables(self.read_ram, root.phys) if root is not None else {}
        except (MissingError, FaultError):
            return {}

    def read_ram(self, phys: int, size: int) -> bytes:
        """As read_phys(), but through the linear map first, which is kept. Raises FaultError, MissingError."""
        addr = self.arch.phys_to_virt(phys)
        try:
            return self.memory.read(addr, size) if addr is not None else self.read_phys(phys, size)
        except FaultError:
            return self.read_phys(phys, size)

    def freed(self, addr: int) -> bool:
        """Whether an address lies in init memory, which a kernel frees at the end of its boot."""
        if self.stage is None or self.stage < Stage.SLAB or not init_is_freed(self.read):
            return False
        try:
            return self.read.address("init start") <= addr < self.read.address("init end")
        except MissingError:
            return False

    @cached_property
    def pages(self) -> PageMap:
        """pfn to struct page and back. Raises MissingError while there is none."""
        return find_page_map(self.read, self.arch, self.node_addrs)

    @cached_property
    def page_flags(self) -> PageFlags:
        """How page->flags is divided. Raises MissingError."""
        with_sections = self.layout.find_variable("mem_section") is not None
        classic = with_sections and self.layout.find_variable("vmemmap") is None
        return page_flags(self.layout, section_bits(self.read, self.arch, self.pages) if classic else 0)
