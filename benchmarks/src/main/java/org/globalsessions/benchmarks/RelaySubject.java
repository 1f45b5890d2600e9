package org.globalsessions.benchmarks;

/** Who answers in the benchmarks of the relay: the relay, its peers, and the least that an answer can cost. */
enum RelaySubject implements Contender {
    /** A relay in a process of its own, asked through the link that applications use. */
    RELAY("relay"),
    /** Relief nodes behind a relay, asked through it for what it no longer has itself. */
    RELIEF("relief node"),
    /** Redis, asked through Lettuce. */
    LETTUCE("Redis, Lettuce"),
    /** Redis, asked through the least that a client can be: where Lettuce cannot. */
    PLAIN_REDIS("Redis, plain client"),
    /** Redis, asked by its own load generator. */
    REDIS_BENCHMARK("redis-benchmark"),
    /** A server of Netty's that sends back what it gets. */
    ECHO("Netty echo"),
    /** A blocking socket at both ends. */
    SOCKET("bare socket"),
    /** Frames as relay and sibling exchange them over Aeron IPC. */
    FRAMES("frames over Aeron IPC"),
    /** Aeron IPC alone. */
    AERON("bare Aeron IPC"),
    /** A segment of this host while a relay and a host of its own are busy. */
    BESIDE_RELAY("beside a busy relay"),
    /** The same while two processes that have nothing to do with it are. */
    BESIDE_STRANGER("beside a busy echo");

    private final String label;

    RelaySubject(String label) {
        this.label = label;
    }

    @Override
    public String label() {
        return label;
    }
}
