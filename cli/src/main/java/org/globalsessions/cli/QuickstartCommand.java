package org.globalsessions.cli;

import java.io.PrintWriter;
import java.security.SecureRandom;
import java.util.Map;
import java.util.concurrent.Callable;
import org.globalsessions.cli.QuickstartFolder.Plan;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code quickstart}: the product's main job, on this machine, with every node a process of its own. */
@Command(
        name = "quickstart",
        description = {
            "Starts a relay, its sibling, two aging and two expansion nodes as processes of their own, stores sessions through",
            "an application on one host's segment, deletes 1 in 20, kills the sibling and a relief node of each kind on the way,",
            "and reads all back through a fresh process on a second host's segment. Exit code 0 only if nothing was lost, torn or",
            "resurrected."
        },
        mixinStandardHelpOptions = true)
final class QuickstartCommand implements Callable<Integer> {
    @Option(names = "--sessions", paramLabel = "N", defaultValue = "200000", description = "Default ${DEFAULT-VALUE}.")
    private int sessions;

    @Option(
            names = "--front",
            paramLabel = "N",
            description = "What a host's segment holds. Default a tenth of the sessions.")
    private Integer front;

    @Option(names = "--relay", paramLabel = "N", description = "What the relay's segment holds. Default as --front.")
    private Integer relay;

    @Option(names = "--seed", paramLabel = "S", description = "Seed of keys and values. Default random, printed.")
    private Long seed;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (sessions < 1000 || sessions > 5_000_000) {
            throw new UsageException("out of range: --sessions " + sessions + ", allowed is 1000 to 5000000");
        }
        int frontCapacity = front == null ? sessions / 10 : front;
        int relayCapacity = relay == null ? frontCapacity : relay;
        if (frontCapacity < 100 || relayCapacity < 100) {
            throw new UsageException("out of range: --front " + frontCapacity + ", --relay " + relayCapacity
                    + ", both have to be at least 100");
        }
        // 48 bits, so that the number is exact in every reader of JSON.
        long actualSeed = seed == null ? new SecureRandom().nextLong() >>> 16 : seed;
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        Plan plan = new Plan(sessions, frontCapacity, relayCapacity);
        Map<String, Object> report;
        try (Quickstart quickstart = new Quickstart(plan, actualSeed, err)) {
            report = quickstart.run();
        }
        if (json) {
            out.println(Json.of(report));
        } else {
            report.forEach((name, value) -> out.printf("%-18s %s%n", name, value));
        }
        return Boolean.TRUE.equals(report.get("passed")) ? GlobalSessions.DONE : GlobalSessions.FAILED;
    }
}
