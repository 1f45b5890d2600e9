package org.globalsessions.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.globalsessions.status.Counter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code top}: what happens in a segment, per second, until q or Ctrl-C. */
@Command(
        name = "top",
        description = "Shows how fast the counters of a segment change, until q and Enter, or Ctrl-C."
                + " Reads only: takes part in nothing.",
        mixinStandardHelpOptions = true)
final class TopCommand extends SegmentCommand {
    private static final String REPAINT = "\u001b[H\u001b[2J";
    private static final long LOOK_FOR_KEYS_MS = 50;

    @Option(
            names = "--interval",
            paramLabel = "D",
            converter = DurationOption.class,
            defaultValue = "1s",
            description = "Time between two looks, such as 500ms. Default ${DEFAULT-VALUE}.")
    private Duration interval;

    @Option(
            names = "--iterations",
            paramLabel = "N",
            defaultValue = "0",
            description = "End after so many looks. Default: go on.")
    private long iterations;

    @Option(names = "--plain", description = "Print the looks one below the other, for a file or a pipe.")
    private boolean plain;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (interval.isZero() || interval.isNegative() || iterations < 0) {
            throw new UsageException("--interval and --iterations: out of range: found " + interval + " and "
                    + iterations + ", allowed is more than 0 and 0 or more");
        }
        PrintWriter out = out();
        Path file = target.existingFile(pathName);
        SegmentStat stat = SegmentStat.open(file);
        String before = plain ? "" : REPAINT;
        long looks = json ? 1 : iterations;
        Map<Counter, Long> last = read(stat);
        long lastNs = System.nanoTime();
        for (long look = 0; looks == 0 || look < looks; look++) {
            if (isQuitWithin(interval, json)) {
                break;
            }
            Map<Counter, Long> now = read(stat);
            long nowNs = System.nanoTime();
            double seconds = (nowNs - lastNs) / 1e9;
            if (json) {
                out.println(Json.of(asMap(stat, now, last, seconds)));
            } else {
                out.print(before);
                print(file, stat, now, last, seconds, out);
            }
            last = now;
            lastNs = nowNs;
        }
        return GlobalSessions.DONE;
    }

    private static Map<Counter, Long> read(SegmentStat stat) {
        Map<Counter, Long> values = new LinkedHashMap<>();
        for (Counter counter : Counter.values()) {
            values.put(counter, stat.counter(counter));
        }
        return values;
    }

    private static Map<String, Object> asMap(
            SegmentStat stat, Map<Counter, Long> now, Map<Counter, Long> last, double seconds) {
        Map<String, Object> values = stat.asMap();
        Map<String, Object> rates = new LinkedHashMap<>();
        now.forEach(
                (counter, value) -> rates.put(SegmentStat.camelCase(counter), (value - last.get(counter)) / seconds));
        values.put("seconds", seconds);
        values.put("perSecond", rates);
        return values;
    }

    private static void print(
            Path file,
            SegmentStat stat,
            Map<Counter, Long> now,
            Map<Counter, Long> last,
            double seconds,
            PrintWriter out) {
        out.printf("%s%noccupied %,d of %,d ways%n%n", file, stat.occupiedWays(), stat.ways());
        out.printf("%14s %16s%n", "per second", "total");
        now.forEach((counter, value) -> {
            if (value != 0) {
                out.printf("%,14.1f %,16d  %s%n", (value - last.get(counter)) / seconds, value, counter.label());
            }
        });
        out.println();
        out.flush();
    }

    /** Waits, and looks for a q meanwhile. */
    private static boolean isQuitWithin(Duration wait, boolean deaf) throws IOException, InterruptedException {
        long deadlineNs = System.nanoTime() + wait.toNanos();
        long leftNs = wait.toNanos();
        while (leftNs > 0) {
            TimeUnit.NANOSECONDS.sleep(Math.min(leftNs, TimeUnit.MILLISECONDS.toNanos(LOOK_FOR_KEYS_MS)));
            while (!deaf && System.in.available() > 0) {
                int key = System.in.read();
                if (key == 'q' || key == 'Q') {
                    return true;
                }
            }
            leftNs = deadlineNs - System.nanoTime();
        }
        return false;
    }
}
