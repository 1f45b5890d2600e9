package org.globalsessions.transport.gateway;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.client.ClientApplication;
import org.globalsessions.client.ClientDirectory;
import org.globalsessions.client.ClientHandle;
import org.globalsessions.client.ClientRequest;
import org.globalsessions.client.Token;
import org.globalsessions.client.TokenData;
import org.globalsessions.client.User;
import org.globalsessions.config.NodeConfig;

/** Applications that tests' configurations name. */
public final class NodeApplications {
    /** What {@link Echo} was told, in order. */
    static final Queue<String> TOLD = new ConcurrentLinkedQueue<>();

    private NodeApplications() {}

    /** Lets everybody in, and answers with what it is asked. */
    @Token(name = "userName", type = Token.Type.URL_PARAMETER)
    public static class Echo implements ClientApplication {
        @Override
        public String name() {
            return "echo";
        }

        @Override
        public void start(SessionCacheManager cache, ClientDirectory directory, NodeConfig config) {
            cache.set("started", new byte[] {1});
            TOLD.add("start");
        }

        @Override
        public void stop() {
            TOLD.add("stop");
        }

        @Override
        public void onNewClient(InetSocketAddress from, Map<String, TokenData> tokens, ClientHandle handle) {
            TOLD.add("new client");
            handle.accept(User.named(tokens.get("userName").value()));
        }

        @Override
        public CompletionStage<String> onRequest(ClientRequest request) {
            return CompletableFuture.completedFuture(request.params());
        }

        @Override
        public void onDestroyClient(User user, String identifier) {
            TOLD.add("gone: " + user.name());
        }
    }

    /** Does not start. */
    public static final class Failing extends Echo {
        @Override
        public String name() {
            return "failing";
        }

        @Override
        public void start(SessionCacheManager cache, ClientDirectory directory, NodeConfig config) {
            throw new IllegalStateException("no database");
        }
    }

    /** Cannot be made. */
    public static final class Broken extends Echo {
        /** Never ends well. */
        public Broken() {
            throw new IllegalStateException("made of nothing");
        }
    }
}
