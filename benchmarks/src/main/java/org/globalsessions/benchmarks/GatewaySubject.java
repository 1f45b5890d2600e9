package org.globalsessions.benchmarks;

/** Who is measured in the benchmarks of the gateway, and the least that a message to all of its clients can cost. */
enum GatewaySubject implements Contender {
    /** A gateway in a process of its own. */
    GATEWAY("gateway"),
    /** A loop over connections that writes the same bytes to each. */
    LOOP("bare Netty loop"),
    /** A process that binds clients by a relay. */
    BINDING("binding process"),
    /** A process that sends into queues of which a relay decides. */
    QUEUES("sending process"),
    /** From a pull to its message, which waits already. */
    PULL("pull"),
    /** A get that the relay answers, of the same process. */
    GET("get from the relay");

    private final String label;

    GatewaySubject(String label) {
        this.label = label;
    }

    @Override
    public String label() {
        return label;
    }
}
