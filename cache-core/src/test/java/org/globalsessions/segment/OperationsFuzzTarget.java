package org.globalsessions.segment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.globalsessions.segment.ModelRun.Kind;
import org.globalsessions.segment.ModelRun.Operation;
import org.globalsessions.segment.ModelRun.Shape;

/** Sequences of operations that Jazzer makes, against the model: the first byte chooses the segment, each two further one step. */
public final class OperationsFuzzTarget {
    private static final List<Shape> SHAPES = List.of(
            new Shape(1, false, false),
            new Shape(1, false, true),
            new Shape(30, false, false),
            new Shape(30, true, true),
            new Shape(100, false, false));
    private static final int KEYS = 64;
    private static final int COLLECT_EVERY = 500;

    private static Path file;
    private static int runs;

    private OperationsFuzzTarget() {}

    /**
     * One input; anything thrown is a finding.
     *
     * @param input as above
     * @throws IOException where the file system fails
     */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        if (input.length < 3) {
            return;
        }
        if (file == null) {
            file = Files.createTempDirectory("fuzz").toRealPath().resolve("model");
        }
        List<Operation> operations = new ArrayList<>();
        Kind[] kinds = Kind.values();
        for (int at = 1; at + 1 < input.length; at += 2) {
            int kind = input[at] & 0xFF;
            int key = input[at + 1] & 0xFF;
            operations.add(new Operation(kinds[kind % kinds.length], key % KEYS, key >= 2 * KEYS, at / 2));
        }
        String problem = ModelRun.problem(file, SHAPES.get((input[0] & 0xFF) % SHAPES.size()), operations);
        if (problem != null) {
            throw new AssertionError(problem);
        }
        if (++runs % COLLECT_EVERY == 0) {
            // Mappings go with the objects; a process may have some 65,000 of them.
            System.gc();
        }
    }
}
