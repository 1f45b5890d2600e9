package org.globalsessions.transport.gateway;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.management.JMException;
import javax.management.ObjectName;

/** Shows one gateway in the process's management server. Any thread. */
final class GatewayBean implements GatewayMXBean {
    private static final System.Logger LOG = System.getLogger(GatewayBean.class.getName());
    private static final String HASH = "HmacSHA256";
    private static final int DIGEST_BYTES = 8;

    private final Gateway gateway;
    private final ServedClients clients;
    private final ObjectName name;
    private final SecretKeySpec key;

    private GatewayBean(Gateway gateway, ServedClients clients, ObjectName name) {
        this.gateway = gateway;
        this.clients = clients;
        this.name = name;
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        key = new SecretKeySpec(random, HASH);
    }

    /** Null where the management server does not take it: the gateway serves all the same. */
    static GatewayBean register(Gateway gateway, ServedClients clients) {
        try {
            ObjectName name = new ObjectName("org.globalsessions:type=Gateway,port=" + gateway.port());
            GatewayBean bean = new GatewayBean(gateway, clients, name);
            ManagementFactory.getPlatformMBeanServer().registerMBean(bean, name);
            return bean;
        } catch (JMException e) {
            LOG.log(System.Logger.Level.WARNING, "the gateway is not shown by JMX: {0}", e.toString());
            return null;
        }
    }

    void unregister() {
        try {
            ManagementFactory.getPlatformMBeanServer().unregisterMBean(name);
        } catch (JMException e) {
            LOG.log(System.Logger.Level.DEBUG, "the gateway was not shown by JMX any more", e);
        }
    }

    @Override
    public boolean removeClient(String clientIdentifier) {
        ServedClient client = clients.get(clientIdentifier);
        if (client == null) {
            for (ServedClient each : clients.list()) {
                String identifier = each.identifier();
                if (identifier != null && digest(identifier).equals(clientIdentifier)) {
                    client = each;
                }
            }
        }
        return client != null && client.destroy();
    }

    @Override
    public List<String> getClients() {
        return clients.list().stream()
                .map(ServedClient::identifier)
                .filter(identifier -> identifier != null)
                .map(this::digest)
                .toList();
    }

    @Override
    public int getClientCount() {
        return gateway.clients();
    }

    @Override
    public Map<String, Long> getCounters() {
        Map<String, Long> counters = new LinkedHashMap<>();
        for (GatewayCounter counter : GatewayCounter.values()) {
            counters.put(counter.words(), gateway.counter(counter));
        }
        return counters;
    }

    private String digest(String identifier) {
        try {
            Mac mac = Mac.getInstance(HASH);
            mac.init(key);
            byte[] digest = mac.doFinal(identifier.getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(digest, 0, DIGEST_BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HMAC with SHA-256", e);
        }
    }
}
