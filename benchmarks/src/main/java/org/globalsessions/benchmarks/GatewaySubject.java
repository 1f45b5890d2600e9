package org.globalsessions.benchmarks;

/** Who is measured in the benchmarks of the gateway, and the least that a message to all of its clients can cost. */
enum GatewaySubject implements Contender {
    /** A gateway in a process of its own. */
    GATEWAY("gateway"),
    /** A loop over connections that writes the same bytes to each. */
    LOOP("bare Netty loop"),
    /** A process that binds clients by a relay. */
    BINDING("binding process");

    private final String label;

    GatewaySubject(String label) {
        this.label = label;
    }

    @Override
    public String label() {
        return label;
    }
}
