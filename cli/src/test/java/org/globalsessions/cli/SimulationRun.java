package org.globalsessions.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;

/** A process that runs simulations, one seed after the other, until one breaks a promise or all have kept them. */
public final class SimulationRun {
    private SimulationRun() {}

    /**
     * Runs them.
     *
     * @param args folder for the segments, first seed, how many, "trace" to have what happens printed
     */
    public static void main(String[] args) throws IOException {
        Logger.getLogger("").setLevel(Level.OFF);
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        Path folder = Path.of(args[0]);
        long first = Long.parseLong(args[1]);
        long count = Long.parseLong(args[2]);
        boolean traced = args.length > 3;
        long events = 0;
        long calls = 0;
        int failed = 0;
        for (long seed = first; seed < first + count && failed == 0; seed++) {
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
        out.println("seeds from " + first + ", events=" + events + ", calls=" + calls
                + (failed == 0 ? ", kept" : ", BROKEN"));
        out.flush();
        System.exit(failed);
    }
}
