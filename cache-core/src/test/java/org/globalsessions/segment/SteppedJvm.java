package org.globalsessions.segment;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jdi.AbsentInformationException;
import com.sun.jdi.Bootstrap;
import com.sun.jdi.Location;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.ThreadReference;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.AttachingConnector;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.IllegalConnectorArgumentsException;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.request.BreakpointRequest;
import com.sun.jdi.request.EventRequest;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A child JVM whose main thread can be stopped before a marked line of the code that runs in production: a breakpoint set from
 * outside, so that the code needs no hook for it. Its other threads go on.
 */
final class SteppedJvm implements Closeable {
    private static final List<String> FLAGS =
            List.of("-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:0");
    private static final long STOP_MS = 30_000;
    private static final long LOOK_MS = 20;

    private final ChildJvm child;
    private final VirtualMachine vm;
    private final ThreadReference main;

    private SteppedJvm(ChildJvm child, VirtualMachine vm) {
        this.child = child;
        this.vm = vm;
        main = vm.allThreads().stream()
                .filter(thread -> thread.name().equals("main"))
                .findFirst()
                .orElseThrow();
    }

    static SteppedJvm start() throws IOException, InterruptedException {
        ChildJvm child = ChildJvm.startSoon(FLAGS, SteppedProcess.class);
        boolean started = false;
        try {
            String listening = child.answer();
            String port = listening.substring(listening.lastIndexOf(':') + 1).strip();
            assertThat(child.answer()).isEqualTo("ready");
            SteppedJvm stepped = new SteppedJvm(child, attach(port));
            started = true;
            return stepped;
        } catch (IllegalConnectorArgumentsException e) {
            throw new IOException(e);
        } finally {
            if (!started) {
                child.close();
            }
        }
    }

    private static VirtualMachine attach(String port) throws IOException, IllegalConnectorArgumentsException {
        AttachingConnector connector = Bootstrap.virtualMachineManager().attachingConnectors().stream()
                .filter(each -> each.transport().name().equals("dt_socket"))
                .findFirst()
                .orElseThrow();
        Map<String, Connector.Argument> arguments = connector.defaultArguments();
        arguments.get("hostname").setValue("127.0.0.1");
        arguments.get("port").setValue(port);
        return connector.attach(arguments);
    }

    ChildJvm child() {
        return child;
    }

    /** Lets it attach to a segment, as the operation is of a role. */
    AttachedSlot open(SteppedOperation operation, Path file) throws InterruptedException {
        return AttachedSlot.of(child.ask("open\t" + file + "\t" + operation.role()));
    }

    /** Lets it attach to a segment without a next tier. */
    AttachedSlot open(Path file) throws InterruptedException {
        return open(TableOperation.SET_OVER, file);
    }

    /** Sends a line and waits until the main thread stands before the marked line, which it then has not run. */
    void runUntil(StepMarker marker, String command) throws InterruptedException {
        breakAt(marker);
        child.send(command);
        awaitStop(marker);
    }

    /** Lets a thread that was stopped run on until it stands before another marked line. */
    void resumeUntil(StepMarker marker) throws InterruptedException {
        vm.eventRequestManager().deleteAllBreakpoints();
        breakAt(marker);
        main.resume();
        awaitStop(marker);
    }

    private void awaitStop(StepMarker marker) throws InterruptedException {
        long deadlineNs = System.nanoTime() + STOP_MS * 1_000_000;
        while (nextStop(LOOK_MS) == null) {
            assertThat(child.hasAnswered() || System.nanoTime() - deadlineNs > 0)
                    .as("came past %s without a stop, or hangs; its errors: %s", marker, child.errors())
                    .isFalse();
        }
    }

    /** Lets a thread that was stopped run on, and stops it nowhere any more. */
    void resume() {
        vm.eventRequestManager().deleteAllBreakpoints();
        main.resume();
    }

    /** The marked lines that a command comes by, each once, in the order of the first time. */
    List<StepMarker> trace(List<StepMarker> markers, String command) throws InterruptedException {
        for (StepMarker marker : markers) {
            breakAt(marker);
        }
        Set<StepMarker> trace = new LinkedHashSet<>();
        child.send(command);
        while (!child.hasAnswered()) {
            BreakpointEvent stop = nextStop(LOOK_MS);
            if (stop != null) {
                trace.add((StepMarker) stop.request().getProperty("marker"));
                // Once is enough, and a sweep comes by some lines thousands of times.
                stop.request().disable();
                main.resume();
            }
        }
        vm.eventRequestManager().deleteAllBreakpoints();
        return new ArrayList<>(trace);
    }

    private void breakAt(StepMarker marker) throws InterruptedException {
        BreakpointRequest request = vm.eventRequestManager().createBreakpointRequest(location(marker));
        request.addThreadFilter(main);
        request.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
        request.putProperty("marker", marker);
        request.enable();
    }

    private Location location(StepMarker marker) throws InterruptedException {
        if (vm.classesByName(marker.className()).isEmpty()) {
            // Before a class is there it has no lines to stop at.
            assertThat(child.ask("load " + marker.className())).isEqualTo("loaded");
        }
        long deadlineNs = System.nanoTime() + STOP_MS * 1_000_000;
        while (System.nanoTime() - deadlineNs < 0) {
            for (ReferenceType type : vm.classesByName(marker.className())) {
                List<ReferenceType> types = new ArrayList<>(type.nestedTypes());
                types.add(type);
                for (ReferenceType each : types) {
                    List<Location> locations = locations(each, marker.line());
                    if (!locations.isEmpty()) {
                        return locations.get(0);
                    }
                }
            }
            // The child's answer may be here before the debugger has heard of the class.
            Thread.onSpinWait();
        }
        throw new AssertionError("no code on the marked line: " + marker);
    }

    private static List<Location> locations(ReferenceType type, int line) {
        try {
            return type.locationsOfLine(line);
        } catch (AbsentInformationException e) {
            return List.of();
        }
    }

    private BreakpointEvent nextStop(long waitMs) throws InterruptedException {
        EventSet events;
        try {
            events = vm.eventQueue().remove(waitMs);
        } catch (VMDisconnectedException e) {
            throw new AssertionError("its process has ended; its errors: " + child.errors(), e);
        }
        if (events != null) {
            for (Event event : events) {
                if (event instanceof BreakpointEvent stop) {
                    return stop;
                }
            }
            events.resume();
        }
        return null;
    }

    @Override
    public void close() throws IOException {
        child.close();
        try {
            vm.dispose();
        } catch (VMDisconnectedException e) {
            // The rule after a kill.
            return;
        }
    }
}
