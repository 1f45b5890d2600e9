package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.StandaloneCaches;
import org.globalsessions.Version;
import org.globalsessions.segment.SegmentSettings.Role;

/** Main of a child JVM that does on its main thread what each line says, and answers when that has ended. */
final class SteppedProcess {
    /** Longs of a value of "set pages". */
    static final int PAGES_LONGS = 1_500;

    private final WriteOutcome outcome = new WriteOutcome();
    private SharedLru lru;
    private SessionCacheManager cache;

    private SteppedProcess() {}

    public static void main(String[] arguments) throws IOException {
        SteppedProcess process = new SteppedProcess();
        System.out.println("ready");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            System.out.println(process.answer(line.split("\t", -1)));
        }
    }

    private String answer(String... words) {
        if (words[0].startsWith("load ")) {
            return loadClass(words[0].substring(5));
        }
        try {
            return switch (words[0]) {
                case "open" -> open(SteppedOperation.settings(Path.of(words[1]), Role.valueOf(words[2])));
                case "open sized" -> open(new SegmentSettings(Path.of(words[1])).elCount(Integer.parseInt(words[2])));
                case "open pages" -> open(PagesChild.settings(Path.of(words[1])));
                case "set pages" -> setPages(Integer.parseInt(words[1]));
                case "open cache" -> openCache(Path.of(words[1]));
                case "load" -> load(words[1], words[2]);
                case "close" -> close();
                case "set" -> set(words[1], words[2], null);
                case "set expecting" ->
                    set(words[1], words[2], new Version(Long.parseLong(words[3]), Integer.parseInt(words[4])));
                case "delete" -> delete(words[1]);
                case "accept delete" -> acceptDelete(words[1], Long.parseLong(words[2]));
                case "fill" -> text(TierWrites.fill(lru, words[1], words[2], TierWrites.LIFE, 0));
                case "announce next" -> text(TierWrites.announceNext(lru, words[1], words[2]));
                case "announce delete" -> text(TierWrites.announceDelete(lru, words[1], Long.parseLong(words[2])));
                case "accept" -> text(TierWrites.accept(lru, words[1], words[2], 1));
                case "lower" -> text(TierWrites.lower(lru, words[1]));
                case "lower delete" -> text(TierWrites.lowerDelete(lru, words[1]));
                case "confirm raised" -> confirmRaised(words[1]);
                case "get" -> lru.get(lru.encode(words[1])) == null ? "absent" : "found";
                case "sweep" -> "swept " + (lru.sweep(0, lru.bucketCount()) >= 0);
                case "lease" -> "lease " + lru.file().acquireOrRenew(SegmentFile.Duty.valueOf(words[1]));
                default -> throw new IllegalArgumentException(words[0]);
            };
        } catch (IOException | RuntimeException e) {
            return e.toString();
        }
    }

    private String acceptDelete(String key, long clock) {
        WriteOutcome outcome = new WriteOutcome();
        Version version = new Version(clock, 1);
        lru.acceptDelete(lru.encode(key).digest(), version, 0, false, 0, outcome);
        return outcome.status() + " " + outcome.version().clock() + " " + outcome.position();
    }

    private String confirmRaised(String key) {
        TierWrites.confirmRaised(lru, key);
        return "confirmed";
    }

    private static String text(WriteOutcome outcome) {
        return outcome.status() + " " + outcome.version().clock();
    }

    private static String loadClass(String className) {
        try {
            Class.forName(className);
            return "loaded";
        } catch (ClassNotFoundException e) {
            return e.toString();
        }
    }

    private String open(SegmentSettings settings) throws IOException {
        lru = SharedLru.open(settings);
        return lru.file().slot() + "\t" + lru.file().incarnation();
    }

    /** Loaders run on this thread, where a breakpoint stops them. */
    private String openCache(Path file) throws IOException {
        cache = StandaloneCaches.open(SteppedOperation.standalone(file), Runnable::run);
        return "opened";
    }

    private String load(String key, String value) {
        return new String(cache.get(key, asked -> value.getBytes(UTF_8)).join(), UTF_8);
    }

    private String close() {
        if (cache != null) {
            cache.close();
        } else {
            lru.close();
        }
        return "closed";
    }

    private String set(String key, String value, Version expected) {
        byte[] bytes = value.getBytes(UTF_8);
        lru.set(lru.encode(key), bytes, 0, bytes.length, 0, expected, false, outcome);
        return text(outcome);
    }

    private String setPages(int number) {
        byte[] bytes = PagesChild.value(number, PAGES_LONGS);
        lru.set(lru.encode(PagesChild.key(number)), bytes, 0, bytes.length, 0, null, false, outcome);
        return text(outcome);
    }

    private String delete(String key) {
        lru.delete(lru.encode(key), outcome);
        return outcome.status() + " " + outcome.held();
    }
}
