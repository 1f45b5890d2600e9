package org.globalsessions.transport.gateway;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** The counters of one gateway. Any thread. */
final class GatewayCounters {
    private final Map<GatewayCounter, LongAdder> adders = new EnumMap<>(GatewayCounter.class);

    GatewayCounters() {
        for (GatewayCounter counter : GatewayCounter.values()) {
            adders.put(counter, new LongAdder());
        }
    }

    void increment(GatewayCounter counter) {
        adders.get(counter).increment();
    }

    void add(GatewayCounter counter, long amount) {
        adders.get(counter).add(amount);
    }

    long get(GatewayCounter counter) {
        return adders.get(counter).sum();
    }
}
