package org.globalsessions.transport.gateway;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.client.ClientApplication;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.config.NamedServices;
import org.globalsessions.config.NodeConfig;

/**
 * A gateway as a configuration file describes it: with a cache, and with the application that the file names.
 *
 * <p>Any thread may call any method.
 */
public final class GatewayNode implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(GatewayNode.class.getName());
    private static final Duration START_LIMIT = Duration.ofSeconds(30);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(5);

    /** What a file describes; nothing of it is open yet. */
    private record Described(GatewaySettings settings, ClientApplication application) {
        static Described by(NodeConfig config) {
            return new Described(
                    GatewaySettings.from(config),
                    NamedServices.find(
                            ClientApplication.class, ClientApplication::name, config, "gateway.application"));
        }
    }

    private final ClientApplication application;
    private final SessionCacheManager cache;
    private boolean started;
    private Gateway gateway;

    private GatewayNode(ClientApplication application, SessionCacheManager cache) {
        this.application = application;
        this.cache = cache;
    }

    /**
     * Looks whether a file's gateway could be started, and opens nothing.
     *
     * @param config a client's configuration; one without a gateway has nothing that could be wrong
     * @throws org.globalsessions.config.ConfigurationException where the application is not on the class path, or a value cannot be
     */
    public static void check(NodeConfig config) {
        if (config.gateway() != null) {
            var unused = Described.by(config);
        }
    }

    /**
     * Starts the application, then its gateway.
     *
     * @param config a client's configuration from a file, with a {@code gateway} section
     * @return the running gateway
     * @throws IOException where the segment cannot be made, the gateway cannot listen, or the application does not start
     * @throws org.globalsessions.config.ConfigurationException where the application is not on the class path, or a value cannot be
     */
    public static GatewayNode launch(NodeConfig config) throws IOException {
        Described described = Described.by(config);
        GatewayNode node = new GatewayNode(described.application(), SessionCacheManager.open(config.file()));
        try {
            node.start(described.settings(), config);
            return node;
        } catch (IOException | RuntimeException | Error e) {
            node.close();
            throw e;
        }
    }

    private synchronized void start(GatewaySettings settings, NodeConfig config) throws IOException {
        ClientDirectory directory = new ClientDirectory(cache, settings.role());
        callWithin(START_LIMIT, "start", () -> application.start(cache, directory, config));
        started = true;
        gateway = Gateway.open(settings, directory, application, application, application);
    }

    /** On a thread of its own: the application may hang, and must hold up neither the start nor the end of the node. */
    private static void callWithin(Duration limit, String what, Runnable call) throws IOException {
        FutureTask<Void> task = new FutureTask<>(call, null);
        Thread thread = new Thread(task, "gateway-application-" + what);
        thread.setDaemon(true);
        thread.start();
        try {
            task.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw new IOException(
                    "the gateway's application has failed in " + what + ": " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            task.cancel(true);
            throw new IOException(
                    "the gateway's application has not ended " + what + " within " + limit.toSeconds() + " s");
        } catch (InterruptedException e) {
            task.cancel(true);
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the gateway's application was in " + what, e);
        }
    }

    /** Stops serving, then stops the application. Clients stay in the table. */
    @Override
    public synchronized void close() {
        if (gateway != null) {
            gateway.close();
            gateway = null;
        }
        if (started) {
            started = false;
            try {
                callWithin(STOP_LIMIT, "stop", application::stop);
            } catch (IOException e) {
                LOG.log(System.Logger.Level.WARNING, e.getMessage());
            }
        }
        cache.close();
    }
}
