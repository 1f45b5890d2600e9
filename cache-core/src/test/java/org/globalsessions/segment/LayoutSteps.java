package org.globalsessions.segment;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The numbered steps of {@code LAYOUT.md}, and the lines of the code whose comments say that they are such a step. */
final class LayoutSteps {
    /** How the page begins each list of steps, and the name of the operation in a comment. */
    private static final Map<String, String> OPERATIONS = new LinkedHashMap<>();

    static {
        OPERATIONS.put("## Create", "create");
        OPERATIONS.put("## Attach", "attach");
        OPERATIONS.put("## Leases", "lease");
        OPERATIONS.put("After a boot,", "time");
        OPERATIONS.put("Claim, one thread", "claim");
        OPERATIONS.put("Is the process of", "dead");
        OPERATIONS.put("**Get**", "get");
        OPERATIONS.put("**Lock of a bucket**", "lock");
        OPERATIONS.put("**Set, accept, fill**", "set");
        OPERATIONS.put("**Delete**", "delete");
        OPERATIONS.put("**Load**", "load");
        OPERATIONS.put("**Sweep**", "sweep");
    }

    private static final Pattern NUMBERED = Pattern.compile("(\\d+)\\. .*");
    private static final Pattern MARKER = Pattern.compile(".*// LAYOUT (.*)");

    private LayoutSteps() {}

    /** All steps of the page, such as "set 9", in its order. */
    static List<String> documented() throws IOException {
        List<String> steps = new ArrayList<>();
        String operation = null;
        for (String line : Files.readAllLines(moduleFolder().resolve("LAYOUT.md"))) {
            Matcher numbered = NUMBERED.matcher(line);
            if (numbered.matches()) {
                if (operation != null) {
                    steps.add(operation + " " + numbered.group(1));
                }
            } else if (line.startsWith("#") || line.startsWith("**")) {
                operation = operationOf(line);
            } else if (operationOf(line) != null) {
                operation = operationOf(line);
            }
        }
        return steps;
    }

    private static String operationOf(String line) {
        return OPERATIONS.entrySet().stream()
                .filter(entry -> line.startsWith(entry.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    /** All marked lines of the code. A comment on a line of its own marks the line below it. */
    static List<StepMarker> marked() throws IOException {
        Path sources = moduleFolder().resolve("src/main/java");
        try (Stream<Path> files = Files.walk(sources)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .flatMap(file -> markedIn(sources, file).stream())
                    .toList();
        }
    }

    private static List<StepMarker> markedIn(Path sources, Path file) {
        String relative = sources.relativize(file).toString();
        String className =
                relative.substring(0, relative.length() - ".java".length()).replace('/', '.');
        try {
            List<String> lines = Files.readAllLines(file);
            List<StepMarker> markers = new ArrayList<>();
            for (int i = 0; i < lines.size(); i++) {
                Matcher marker = MARKER.matcher(lines.get(i));
                if (marker.matches()) {
                    boolean alone = lines.get(i).strip().startsWith("//");
                    String code =
                            lines.get(alone ? i + 1 : i).split("//", -1)[0].strip();
                    markers.add(new StepMarker(
                            className,
                            alone ? i + 2 : i + 1,
                            code,
                            List.of(marker.group(1).split(", ", -1))));
                }
            }
            return markers;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The folder of this module: where Maven runs the tests, or below the folder from which an editor does. */
    private static Path moduleFolder() {
        Path here = Path.of("").toAbsolutePath();
        return Files.exists(here.resolve("LAYOUT.md")) ? here : here.resolve("cache-core");
    }
}
