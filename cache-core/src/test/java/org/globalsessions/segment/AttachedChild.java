package org.globalsessions.segment;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.globalsessions.status.Counter;

/** Main of a child JVM: attaches to the segment named by its argument when it reads "open", then does what each line says. */
final class AttachedChild {
    private AttachedChild() {}

    public static void main(String[] arguments) throws IOException {
        SegmentSettings settings = new SegmentSettings(Path.of(arguments[0]))
                .elCount(Integer.parseInt(arguments[1]))
                .initializer(Boolean.parseBoolean(arguments[2]))
                .attachTimeout(Duration.ofSeconds(20));
        System.out.println("ready");
        BufferedReader input = input();
        String open = input.readLine();
        if (open == null || !open.equals("open")) {
            throw new IllegalArgumentException(String.valueOf(open));
        }
        SegmentFile segment = SegmentFile.open(settings);
        System.out.println(segment.slot() + " " + segment.incarnation() + " " + segment.identityHigh());
        answerLines(segment, input);
    }

    private static BufferedReader input() {
        return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    }

    /** Says that it is ready and answers until the input ends, then closes the segment. */
    static void answerLines(SegmentFile segment) throws IOException {
        System.out.println("ready");
        answerLines(segment, input());
    }

    private static void answerLines(SegmentFile segment, BufferedReader input) throws IOException {
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            System.out.println(answer(segment, line));
        }
        segment.close();
    }

    private static Object answer(SegmentFile segment, String line) {
        String[] words = line.split(" ", -1);
        return switch (words[0]) {
            case "tick" -> segment.tick();
            case "lease" -> segment.acquireOrRenew(SegmentFile.Duty.valueOf(words[1].toUpperCase(Locale.ROOT)));
            case "count" -> {
                segment.counters().add(Counter.HITS, Long.parseLong(words[1]));
                yield "counted";
            }
            case "error" -> {
                segment.recordError(line, new IllegalStateException("secret"));
                yield "recorded";
            }
            case "note" -> segment.note();
            case "dead" -> segment.isDead(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
            default -> throw new IllegalArgumentException(line);
        };
    }
}
