package org.globalsessions.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** A process that runs simulations, one seed after the other, until one breaks a promise or all have kept them. */
public final class SimulationRun {
    private SimulationRun() {}

    /**
     * Runs them.
     *
     * @param args folder for the segments, seeds ({@code 7}, {@code 1-4000}, or several of both with commas between), "trace" to have what happens
     *             printed
     */
    public static void main(String[] args) throws IOException {
        Logger.getLogger("").setLevel(Level.OFF);
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        Path folder = Path.of(args[0]);
        long[] seeds = seeds(args[1]);
        boolean traced = args.length > 2;
        long events = 0;
        long calls = 0;
        int failed = 0;
        for (int i = 0; i < seeds.length && failed == 0; i++) {
            long seed = seeds[i];
            try (Simulation simulation = new Simulation(seed, folder, traced ? out::println : null)) {
                simulation.run();
                events += simulation.eventCount();
                calls += simulation.history().calls().size();
                for (String violation : simulation.history().violations()) {
                    out.println("seed=" + seed + " " + violation);
                    failed = 1;
                }
            } catch (RuntimeException e) {
                out.println("seed=" + seed + " failed");
                e.printStackTrace(out);
                failed = 1;
            }
        }
        out.println(
                "seeds " + args[1] + ", events=" + events + ", calls=" + calls + (failed == 0 ? ", kept" : ", BROKEN"));
        out.flush();
        System.exit(failed);
    }

    private static long[] seeds(String list) {
        return Stream.of(list.split(","))
                .map(part -> part.split("-"))
                .flatMapToLong(
                        ends -> LongStream.rangeClosed(Long.parseLong(ends[0]), Long.parseLong(ends[ends.length - 1])))
                .toArray();
    }
}
