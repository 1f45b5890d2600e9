package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import org.globalsessions.Version;

/**
 * Runs a list of operations on a new segment, through two attachments, and beside it on a map: every answer has to be the
 * map's, and after each step the segment's invariants hold and it has the map's keys. What is evicted is left to the segment,
 * as long as it says so, takes what has expired first, and takes nothing that was used after the others it could have taken. Time is the run's own.
 */
final class ModelRun implements AutoCloseable {
    /** What is done. */
    enum Kind {
        GET,
        GET_INTO_SMALL,
        GET_INTO,
        FIND,
        TOUCH,
        SET,
        SET_LARGE,
        SET_SHORT_LIVED,
        SET_IF_RIGHT,
        SET_IF_WRONG,
        SET_IF_ABSENT,
        DELETE,
        LOAD,
        LOAD_NOTHING,
        LOAD_ACROSS_DELETE,
        EVICT,
        EVICT_NEAR,
        SWEEP,
        PASS_SHORT,
        PASS_LONG
    }

    /**
     * The segment of a run.
     *
     * @param elCount  1 makes all keys share two buckets, so that the victim is the oldest of all
     * @param fewPages whether large values have to take pages away from each other
     * @param evicting whether entries are evicted when they were unused for too long, and not only for their place
     */
    record Shape(int elCount, boolean fewPages, boolean evicting) {}

    /** One operation: on which key, through which attachment; the number makes its value. */
    record Operation(Kind kind, int key, boolean second, int number) {
        static Operation draw(Random random, int keys, int number) {
            Kind[] kinds = Kind.values();
            return new Operation(
                    kinds[random.nextInt(kinds.length)], random.nextInt(keys), random.nextBoolean(), number);
        }

        String keyText() {
            return "key-" + key;
        }

        /** Of many lengths, so that a longer value's rest would be seen behind a shorter one. */
        String value() {
            String text = "v" + number + ".";
            if (kind != Kind.SET_LARGE) {
                return text.repeat(1 + number % 7);
            }
            int length = LARGE[number % LARGE.length];
            return text.repeat(length / text.length() + 1).substring(0, length);
        }
    }

    /** An entry of the map; ends is the tick at which it expires, 0 for never. */
    private record Held(String value, Version version, int step, long used, long ends) {
        Held usedAt(int atStep, long tick) {
            return new Held(value, version, atStep, tick, ends);
        }
    }

    /** A version, and until which tick the segment remembers it. */
    private record Known(Version version, long until) {}

    private static final int RECORD_SIZE = 192;

    /** Just too large for a record, and about the edges of pages. */
    private static final int[] LARGE = {RECORD_SIZE, 4095, 4096, 4097, 8192, 8193};

    private static final int MAX_LARGE = 12_288;
    private static final int MANY_PAGES = 512 << 10;
    private static final int SHORT_LIFE = 50;

    /** Pages, tombstones and counts are looked at by the file alone after so many operations; all else after each. */
    private static final int INSPECTED_EACH = 16;

    private static final int AGED_OUT = 20;
    private static final int SHORT_PASS = 7;

    /** Long enough for a sweep by the state words. */
    private static final int LONG_PASS = 700;

    private final FakeClocks clocks = new FakeClocks();
    private final Shape shape;
    private final SharedLru one;
    private final SharedLru two;
    private final SegmentInvariants invariants;
    private final boolean isOneSet;
    private final Map<String, Held> model = new HashMap<>();

    /** Versions that the segment still knows of, as an entry's or as a tombstone's. */
    private final Map<String, Known> highest = new HashMap<>();

    private final WriteOutcome outcome = new WriteOutcome();
    private final Path file;
    private int step;

    ModelRun(Path file, Shape shape) throws IOException {
        this.file = file;
        this.shape = shape;
        one = attach();
        two = attach();
        invariants = new SegmentInvariants(one);
        isOneSet = one.bucketCount() == 2;
    }

    /** One more attachment. */
    SharedLru attach() throws IOException {
        EvictionSettings evictions =
                new EvictionSettings(Duration.ofMillis(AGED_OUT * Ticks.TICK_MS), 20, false, List.of());
        SegmentSettings settings = new SegmentSettings(file)
                .elCount(shape.elCount())
                .recordSize(RECORD_SIZE)
                .untouchedAging(1)
                .maxValueSize(shape.fewPages() ? MAX_LARGE : MANY_PAGES)
                .evictions(shape.evicting() ? evictions : EvictionSettings.NONE);
        return new SharedLru(SegmentFile.open(settings, clocks), settings);
    }

    /** What went wrong first, or null. */
    static String problem(Path file, Shape shape, List<Operation> operations) {
        try (ModelRun run = new ModelRun(file, shape)) {
            for (int i = 0; i < operations.size(); i++) {
                try {
                    run.apply(operations.get(i));
                } catch (AssertionError | RuntimeException e) {
                    return "operation " + i + " " + operations.get(i) + ": " + e;
                }
                if (i % INSPECTED_EACH == 0 || i == operations.size() - 1) {
                    SegmentReport report = SegmentInspector.open(file).check();
                    if (!report.isClean()) {
                        return "after operation " + i + ": " + report.describe();
                    }
                }
            }
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long tick() {
        return one.file().tick();
    }

    private boolean isExpired(Held held) {
        return held.ends() != 0 && held.ends() <= tick();
    }

    /** The key's entry, if its time has not run out. */
    private Held live(String key) {
        Held held = model.get(key);
        return held == null || isExpired(held) ? null : held;
    }

    /** Does one operation on both sides and compares. */
    void apply(Operation operation) {
        SharedLru lru = operation.second() ? two : one;
        String key = operation.keyText();
        Held held = live(key);
        switch (operation.kind()) {
            case GET -> {
                byte[] value = lru.get(lru.encode(key));
                equal("value", value == null ? null : new String(value, UTF_8), held == null ? null : held.value());
                use(key, held);
            }
            case GET_INTO_SMALL -> getInto(lru, key, new byte[3], held);
            case GET_INTO -> getInto(lru, key, new byte[MAX_LARGE], held);
            case FIND -> {
                EntrySnapshot seen = new EntrySnapshot();
                equal("found", lru.find(lru.encode(key), seen), held != null);
                if (held != null) {
                    equal("version", seen.version(), held.version());
                    equal("value", new String(seen.valueCopy(), UTF_8), held.value());
                }
            }
            case TOUCH -> {
                equal("touched", lru.touch(lru.encode(key)), held != null);
                use(key, held);
            }
            case SET, SET_LARGE -> set(lru, operation, null, held, true);
            case SET_SHORT_LIVED -> set(lru, operation, null, held, true);
            case SET_IF_RIGHT ->
                set(lru, operation, held == null ? new Version(5, 1) : held.version(), held, held != null);
            case SET_IF_WRONG -> {
                Version known = known(key);
                set(lru, operation, new Version(known.clock() + 1, known.origin()), held, false);
            }
            case SET_IF_ABSENT -> set(lru, operation, Version.NONE, held, held == null);
            case DELETE -> delete(lru, key, held);
            case LOAD -> load(lru, operation, held);
            case LOAD_NOTHING -> {
                LoadStart start = lru.beginLoad(lru.encode(key), 0);
                lru.claims().release(start.claim(), true);
                equal("end of the claim", other(lru).claims().look(start.claim()), LoadClaims.End.NOTHING);
            }
            case LOAD_ACROSS_DELETE -> loadAcrossDelete(lru, operation, held);
            case EVICT -> evictDue(operation, model.size(), gone -> lru.evict(1 + operation.number() % 3, gone));
            case EVICT_NEAR ->
                evictDue(
                        operation,
                        isOneSet ? model.size() : 0,
                        gone -> lru.evictNear(lru.encode(key), 1 + operation.number() % 3, gone));
            case SWEEP -> {
                Set<String> expired = new HashSet<>(model.keySet());
                expired.removeIf(each -> !isExpired(model.get(each)));
                equal("expired", lru.sweep(0, lru.bucketCount()), expired.size());
                forget(expired);
            }
            case PASS_SHORT -> pass(SHORT_PASS);
            case PASS_LONG -> pass(LONG_PASS);
        }
        Set<String> visible = invariants.check();
        equal("keys", visible, model.keySet());
        equal("size", lru.size(), model.size());
    }

    private SharedLru other(SharedLru lru) {
        return lru == one ? two : one;
    }

    private void pass(int ticks) {
        clocks.pass(ticks);
        one.file().time().advance();
        two.file().time().advance();
    }

    /** A read of a live entry renews it. */
    private void use(String key, Held held) {
        if (held != null) {
            model.put(key, held.usedAt(step, tick()));
        }
    }

    private void getInto(SharedLru lru, String key, byte[] target, Held held) {
        int length = held == null ? -1 : held.value().length();
        int expected = length < 0 ? SharedLru.ABSENT : length > target.length ? -2 - length : length;
        equal("length", lru.getInto(lru.encode(key), target, 0), expected);
        if (expected >= 0) {
            equal("value", new String(target, 0, length, UTF_8), held.value());
            use(key, held);
        }
    }

    private void set(SharedLru lru, Operation operation, Version expected, Held held, boolean succeeds) {
        String key = operation.keyText();
        byte[] bytes = operation.value().getBytes(UTF_8);
        int lifetime = operation.kind() == Kind.SET_SHORT_LIVED ? SHORT_LIFE : 0;
        lru.set(lru.encode(key), bytes, 0, bytes.length, lifetime, expected, false, outcome);
        if (succeeds) {
            stored(operation, lifetime);
            return;
        }
        boolean mayBe = held != null
                ? outcome.status() == WriteOutcome.Status.OTHER_VERSION
                        && outcome.version().equals(held.version())
                : outcome.status() == WriteOutcome.Status.ABSENT
                        || outcome.status() == WriteOutcome.Status.BEATEN_BY_TOMBSTONE;
        equal("refused as it should be, " + outcome.status(), mayBe, true);
    }

    private void stored(Operation operation, int lifetime) {
        String key = operation.keyText();
        equal("status", outcome.status(), WriteOutcome.Status.STORED);
        higher(key);
        evictedFor(key);
        boolean isInsertion = !model.containsKey(key);
        long ends = lifetime == 0 ? 0 : tick() + lifetime;
        model.put(key, new Held(operation.value(), outcome.version(), step, tick(), ends));
        if (isInsertion) {
            // The recency step goes on after the insertion that has the step before.
            step++;
        }
    }

    private void delete(SharedLru lru, String key, Held held) {
        lru.delete(lru.encode(key), outcome);
        equal("status", outcome.status(), WriteOutcome.Status.STORED);
        equal("held", outcome.held(), held != null);
        higher(key);
        highest.put(key, new Known(outcome.version(), tick() + TombstoneTable.RETENTION_TICKS));
        model.remove(key);
    }

    private void load(SharedLru lru, Operation operation, Held held) {
        String key = operation.keyText();
        LoadStart start = lru.beginLoad(lru.encode(key), 0);
        equal("claimed", start.claim().mine(), true);
        equal("mine", other(lru).beginLoad(other(lru).encode(key), 0).claim().mine(), false);
        lru.finishLoad(lru.encode(key), operation.value().getBytes(UTF_8), start, outcome);
        lru.claims().release(start.claim(), false);
        if (held == null) {
            stored(operation, 0);
        } else {
            equal("status", outcome.status(), WriteOutcome.Status.SUPERSEDED);
            equal("version", outcome.version(), held.version());
        }
    }

    private void loadAcrossDelete(SharedLru lru, Operation operation, Held held) {
        String key = operation.keyText();
        LoadStart start = lru.beginLoad(lru.encode(key), 0);
        delete(other(lru), key, held);
        lru.finishLoad(lru.encode(key), operation.value().getBytes(UTF_8), start, outcome);
        lru.claims().release(start.claim(), false);
        equal("status", outcome.status(), WriteOutcome.Status.BEATEN_BY_TOMBSTONE);
    }

    private Version known(String key) {
        Known known = highest.get(key);
        return known == null || known.until() < tick() ? Version.NONE : known.version();
    }

    /** Of what has gone without a tombstone nothing is known: two processes' clocks may be apart by more than what lies between. */
    private void higher(String key) {
        Version before = known(key);
        equal("version is higher than " + before, outcome.version().compareTo(before) > 0, true);
        highest.put(key, new Known(outcome.version(), Long.MAX_VALUE));
    }

    private void forget(Set<String> gone) {
        model.keySet().removeAll(gone);
        highest.keySet().removeAll(gone);
    }

    /** What had to go for a set: one entry, or more where it took their pages; never that of the key set. */
    private void evictedFor(String keySet) {
        Set<String> visible = invariants.check();
        Set<String> gone = new HashSet<>(model.keySet());
        gone.removeAll(visible);
        gone.remove(keySet);
        boolean anyLive = gone.stream().anyMatch(key -> !isExpired(model.get(key)));
        equal("live entries went", anyLive, outcome.evicted());
        Map<String, Held> before = new HashMap<>(model);
        forget(gone);
        if (shape.fewPages()) {
            return;
        }
        equal("at most one entry went, " + gone, gone.size() <= 1, true);
        if (isOneSet && anyLive) {
            equal("an expired one was there", model.values().stream().anyMatch(this::isExpired), false);
            int victimStep = before.get(gone.iterator().next()).step();
            for (Map.Entry<String, Held> other : model.entrySet()) {
                if (!other.getKey().equals(keySet) && other.getValue().step() < victimStep) {
                    throw new AssertionError(gone + " of step " + victimStep + " went before " + other.getKey()
                            + " of step " + other.getValue().step());
                }
            }
        }
    }

    /** Evicts what is due: nothing else, the longest unused first, and as many as asked for where there are so many to look at. */
    private void evictDue(Operation operation, int lookedAt, ToIntFunction<Consumer<EntrySnapshot>> eviction) {
        int asked = 1 + operation.number() % 3;
        long due = model.values().stream().filter(this::isDue).count();
        List<Held> gone = new ArrayList<>();
        int evicted = eviction.applyAsInt(entry -> {
            String key = new String(entry.keyCopy(), UTF_8);
            equal("evicted " + key + " is due", model.containsKey(key) && isDue(model.get(key)), true);
            equal(
                    "evicted value",
                    new String(entry.valueCopy(), UTF_8),
                    model.get(key).value());
            gone.add(model.get(key));
            forget(Set.of(key));
        });
        equal("evicted as told", evicted, gone.size());
        equal("at most as asked", evicted <= asked, true);
        if (lookedAt > 0) {
            equal("evicted", (long) evicted, Math.min(asked, due));
            long lastUse = gone.stream().mapToLong(Held::used).max().orElse(Long.MIN_VALUE);
            equal(
                    "older ones are left",
                    model.values().stream().anyMatch(each -> isDue(each) && each.used() < lastUse),
                    false);
        }
    }

    private boolean isDue(Held held) {
        return shape.evicting() && !isExpired(held) && tick() - held.used() > AGED_OUT;
    }

    private static void equal(String what, Object actual, Object expected) {
        if (!Objects.equals(actual, expected)) {
            throw new AssertionError(what + ": " + actual + ", expected " + expected);
        }
    }

    @Override
    public void close() throws IOException {
        one.close();
        two.close();
        Files.delete(file);
    }
}
