package org.globalsessions.segment;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Access to little-endian numbers in a mapped region: coordinates are the {@code ByteBuffer} and the offset in bytes. An
 * offset must be a multiple of the number's width, or every mode but plain get and set throws; {@link SegmentFile#open} checks
 * once that each region begins at an address that keeps this so.
 */
final class Words {
    static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    /** A short has no compare-and-set: plain, opaque, acquire, release and volatile access only. */
    static final VarHandle SHORT = MethodHandles.byteBufferViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private Words() {}
}
