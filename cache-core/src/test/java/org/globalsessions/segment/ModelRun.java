package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.globalsessions.Version;

/**
 * Runs a list of operations on a new segment, through two attachments, and beside it on a {@link LinkedHashMap} in order of
 * use: every answer has to be the map's, and after each step the segment's invariants hold and it has the map's keys. What is
 * evicted is left to the segment, as long as it says so and takes nothing that was used after the others it could have taken.
 */
final class ModelRun implements AutoCloseable {
    /** What is done. */
    enum Kind {
        GET,
        GET_INTO_SMALL,
        FIND,
        TOUCH,
        SET,
        SET_IF_RIGHT,
        SET_IF_WRONG,
        SET_IF_ABSENT,
        DELETE,
        SWEEP
    }

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
            return ("v" + number + ".").repeat(1 + number % 7);
        }
    }

    private record Held(String value, Version version, int step) {}

    private final SharedLru one;
    private final SharedLru two;
    private final SegmentInvariants invariants;
    private final boolean isOneSet;
    private final LinkedHashMap<String, Held> model = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<String, Version> highest = new HashMap<>();
    private final WriteOutcome outcome = new WriteOutcome();
    private final Path file;
    private int step;

    /** @param elCount 1 makes all keys share two buckets, so that the victim is the oldest of all */
    ModelRun(Path file, int elCount) throws IOException {
        this.file = file;
        SegmentSettings settings =
                new SegmentSettings(file).elCount(elCount).recordSize(192).untouchedAging(1);
        one = SharedLru.open(settings);
        two = SharedLru.open(settings);
        invariants = new SegmentInvariants(one);
        isOneSet = one.bucketCount() == 2;
    }

    /** What went wrong first, or null. */
    static String problem(Path file, int elCount, List<Operation> operations) {
        try (ModelRun run = new ModelRun(file, elCount)) {
            for (int i = 0; i < operations.size(); i++) {
                try {
                    run.apply(operations.get(i));
                } catch (AssertionError | RuntimeException e) {
                    return "operation " + i + " " + operations.get(i) + ": " + e;
                }
            }
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Does one operation on both sides and compares. */
    void apply(Operation operation) {
        SharedLru lru = operation.second() ? two : one;
        String key = operation.keyText();
        Held held = model.get(key);
        boolean uses = true;
        switch (operation.kind()) {
            case GET -> {
                byte[] value = lru.get(lru.encode(key));
                equal("value", value == null ? null : new String(value, UTF_8), held == null ? null : held.value());
            }
            case GET_INTO_SMALL -> {
                byte[] target = new byte[3];
                int length = held == null ? -1 : held.value().length();
                int expected = length < 0 ? SharedLru.ABSENT : length > 3 ? -2 - length : length;
                equal("length", lru.getInto(lru.encode(key), target, 0), expected);
                uses = expected >= 0;
            }
            case FIND -> {
                EntrySnapshot seen = new EntrySnapshot();
                equal("found", lru.find(lru.encode(key), seen), held != null);
                if (held != null) {
                    equal("version", seen.version(), held.version());
                    equal("value", new String(seen.valueCopy(), UTF_8), held.value());
                }
                uses = false;
            }
            case TOUCH -> equal("touched", lru.touch(lru.encode(key)), held != null);
            case SET -> uses = set(lru, operation, null, held, true);
            case SET_IF_RIGHT ->
                uses = set(lru, operation, held == null ? new Version(5, 1) : held.version(), held, held != null);
            case SET_IF_WRONG -> {
                Version known = highest.getOrDefault(key, new Version(9, 1));
                uses = set(lru, operation, new Version(known.clock() - 1, known.origin()), held, false);
            }
            case SET_IF_ABSENT -> uses = set(lru, operation, Version.NONE, held, held == null);
            case DELETE -> {
                lru.delete(lru.encode(key), outcome);
                equal("status", outcome.status(), WriteOutcome.Status.STORED);
                equal("held", outcome.held(), held != null);
                higher(key);
                model.remove(key);
                uses = false;
            }
            case SWEEP -> {
                equal("expired", lru.sweep(0, lru.bucketCount()), 0);
                uses = false;
            }
        }
        if (uses) {
            model.computeIfPresent(key, (k, now) -> new Held(now.value(), now.version(), step));
            if (held == null && model.containsKey(key)) {
                // The recency step goes on after the insertion that has the step before.
                step++;
            }
        }
        Set<String> visible = invariants.check();
        equal("keys", visible, model.keySet());
        equal("size", lru.size(), model.size());
    }

    /** Returns whether the entry was stored: a set that fails is no use of it. */
    private boolean set(SharedLru lru, Operation operation, Version expected, Held held, boolean succeeds) {
        String key = operation.keyText();
        byte[] bytes = operation.value().getBytes(UTF_8);
        lru.set(lru.encode(key), bytes, 0, bytes.length, 0, expected, false, outcome);
        if (!succeeds) {
            boolean mayBe = held != null
                    ? outcome.status() == WriteOutcome.Status.OTHER_VERSION
                            && outcome.version().equals(held.version())
                    : outcome.status() == WriteOutcome.Status.ABSENT
                            || outcome.status() == WriteOutcome.Status.BEATEN_BY_TOMBSTONE;
            equal("refused as it should be, " + outcome.status(), mayBe, true);
            return false;
        }
        equal("status", outcome.status(), WriteOutcome.Status.STORED);
        higher(key);
        if (outcome.evicted()) {
            evict(key);
        }
        model.put(key, new Held(operation.value(), outcome.version(), step));
        return true;
    }

    private void higher(String key) {
        Version before = highest.getOrDefault(key, Version.NONE);
        equal("version is higher than " + before, outcome.version().compareTo(before) > 0, true);
        highest.put(key, outcome.version());
    }

    /** One entry has gone, not that of the key set; in a segment of one set none that was used after another. */
    private void evict(String keySet) {
        Set<String> visible = invariants.check();
        Set<String> gone = new HashSet<>(model.keySet());
        gone.removeAll(visible);
        gone.remove(keySet);
        equal("entries evicted", gone.size(), 1);
        String victim = gone.iterator().next();
        int victimStep = model.remove(victim).step();
        if (isOneSet) {
            for (Map.Entry<String, Held> other : model.entrySet()) {
                if (!other.getKey().equals(keySet) && other.getValue().step() < victimStep) {
                    throw new AssertionError(victim + " of step " + victimStep + " went before " + other.getKey()
                            + " of step " + other.getValue().step());
                }
            }
        }
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
