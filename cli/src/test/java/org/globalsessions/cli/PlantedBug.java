package org.globalsessions.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/** A bug that is put into one class of the product, compiled ahead of the others on the class path of a simulation. */
enum PlantedBug {
    /** A tombstone goes before anybody can have heard of it, and nothing tells that it has gone. */
    TOMBSTONE_DROPPED_EARLY(
            "TombstoneTable",
            new Change("RETENTION_TICKS = 30_000", "RETENTION_TICKS = 1"),
            new Change("        raiseHorizon(position);\n        noteDrop(", "        noteDrop(")),

    /** An update of a deleted session begins it anew. */
    UPDATE_WINS_OVER_DELETE(
            "WriteOperations",
            new Change(
                    "if (!mayBegin && (entry.beginsLife() || life <= tombstone.versionClock)) {",
                    "if (!mayBegin && entry.beginsLife()) {")),

    /** What began after a delete counts as what was deleted. */
    LOGIN_AFTER_LOGOUT_LOST(
            "WriteOperations",
            new Change(
                    "boolean mayBegin = entry.beginsLife() && knowsTombstone(tombstone, entry, appliedPosition, seen);",
                    "boolean mayBegin = false;")),

    /** A relay gives an entry's place away that the relief tier does not have yet. */
    EVICTED_BEFORE_HAND_OFF(
            "Segment", new Change("case RELAY -> RecordDescriptor.NOT_HANDED_OFF;", "case RELAY -> 0;")),

    /** The receipt of an older version is taken for that of the newer one. */
    MARK_CLEARED_FOR_NEWER_VERSION(
            "SharedLru",
            new Change(
                    "clearMarks(published.way, published.stateWord, marks);",
                    "EntrySnapshot now = new EntrySnapshot();\n"
                            + "if (find(encode(published.keyCopy()), now)) { clearMarks(now.way, now.stateWord, marks); }")),

    /** Any version that is there is the expected one. */
    EXPECTED_NOT_COMPARED(
            "WriteOperations",
            new Change("if (!there.equals(expected) && !there.equals(entry.version())) {", "if (!here) {")),

    /** A host that holds the expected version saves over it whatever was deleted meanwhile. */
    SAVED_OVER_DELETE(
            "WriteOperations",
            new Change(
                    "boolean holds = !entry.beginsLife()",
                    "boolean holds = !expected.equals(Version.NONE) || !entry.beginsLife()")),

    /** A delete that a relay has refused as too far ahead comes again below what it has deleted. */
    LOWERED_BELOW_WHAT_IS_DELETED(
            "DeleteOperations",
            new Change(
                    "VersionClock.justAbove(Math.max(above, own.life))",
                    "VersionClock.justAbove(above - (above >> 5))")),

    /** What comes from another host or tier never runs out for want of use. */
    IDLE_LIMIT_LOST(
            "WriteOperations",
            new Change(
                    "        body.idleLimit = segment.idleLimit(entry.idleLimitTicks());",
                    "        body.idleLimit = 0;")),

    /** What expires before the next tier had it leaves nothing there that keeps what it had overwritten from coming back. */
    EXPIRED_UNPUBLISHED_FORGOTTEN(
            "Segment",
            new Change(
                    "int owedMask = settings.role().hasNextTier() ? RecordDescriptor.UNPUBLISHED : 0;",
                    "int owedMask = 0;")),

    /** The same at the relay alone, where the relief tier has what was overwritten. */
    EXPIRED_UNPUBLISHED_AT_RELAY_FORGOTTEN(
            "Segment",
            new Change(
                    "int owedMask = settings.role().hasNextTier() ?",
                    "int owedMask = settings.role() == SegmentSettings.Role.HOST ?")),

    /** The filter of a relief node does not get the keys that are sent to it. */
    SENT_AND_NOT_IN_FILTER(
            Sources.SIBLING, "NodeFilter", new Change("if (present == null && next == null) {", "if (places >= 0) {")),

    /** What somebody waits for goes to expansion nodes alone, which let it go while the relay still has it. */
    KEPT_BY_NO_AGING_NODE(Sources.SIBLING, "ReliefRouter", new Change("(!taken || tier.has(Kind.AGING))", "!taken")),

    /** Nobody asks those who had a key before nodes came, went or were drained. */
    EARLIER_OWNERS_NOT_ASKED(
            Sources.SIBLING,
            "Placement",
            new Change("holding.addAll(membership.used());", "holding.addAll(Set.of());")),

    /** A node that has come back, or comes, is not told of what was deleted. */
    TOMBSTONES_NOT_COPIED(
            Sources.SIBLING,
            "Transfer",
            new Change(
                    "            if (item.tombstone()) {\n                steps.add",
                    "            if (item.tombstone() && item.life() != 0) {\n                steps.add")),

    /** What a node should not have any more leaves it also where those who should have it have not taken it. */
    MOVED_BEFORE_COPIED(
            Sources.SIBLING, "Transfer", new Change("new Leaving(item, owners.size())", "new Leaving(item, 0)")),

    /** A node that has come back counts as complete without having been given what it lacks. */
    RETURNED_NOT_REFILLED(
            Sources.SIBLING,
            "Refill",
            new Change("        sources.addAll(arrangement.connected());\n        reconciling", "        reconciling"));

    /** Where the classes are. */
    private static final class Sources {
        private static final Path SEGMENT =
                Path.of("cache-core", "src", "main", "java", "org", "globalsessions", "segment");
        private static final Path SIBLING =
                Path.of("sibling-endpoint", "src", "main", "java", "org", "globalsessions", "sibling");
    }

    private record Change(String from, String to) {}

    private final Path sources;

    private final String type;

    // Of List.of: cannot be changed.
    @SuppressWarnings("ImmutableEnumChecker")
    private final List<Change> changes;

    PlantedBug(String type, Change... changes) {
        this(Sources.SEGMENT, type, changes);
    }

    PlantedBug(Path sources, String type, Change... changes) {
        this.sources = sources;
        this.type = type;
        this.changes = List.of(changes);
    }

    /** Compiles the changed class into a folder. */
    void compileTo(Path folder) throws IOException {
        String source = Files.readString(Path.of("..").resolve(sources).resolve(type + ".java"));
        for (Change change : changes) {
            assertThat(source).as("what %s is planted in", this).containsOnlyOnce(change.from);
            source = source.replace(change.from, change.to);
        }
        Path changed = Files.writeString(Files.createDirectories(folder).resolve(type + ".java"), source);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        boolean compiled = compiler.getTask(
                        said,
                        null,
                        null,
                        List.of(
                                "-nowarn",
                                "-proc:none",
                                "-d",
                                folder.toString(),
                                "-cp",
                                System.getProperty("java.class.path")),
                        null,
                        compiler.getStandardFileManager(null, null, null).getJavaFileObjects(changed))
                .call();
        assertThat(compiled).as(said.toString()).isTrue();
    }
}
