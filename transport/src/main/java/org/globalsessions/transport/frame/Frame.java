package org.globalsessions.transport.frame;

/** One message between tiers. Immutable by convention: nobody changes an array within. Texts of frames show no key or value. */
public sealed interface Frame
        permits HelloFrame,
                WelcomeFrame,
                ErrorFrame,
                PingFrame,
                PongFrame,
                GoodbyeFrame,
                SubscribeFrame,
                SessionFrame,
                AnnounceSessionFrame,
                SessionReceivedFrame,
                NeedSessionFrame,
                SessionKnownFrame,
                SessionBackupFrame,
                DeleteFrame,
                AnnounceDeleteFrame,
                AnnounceInvalidationFrame,
                VoidFrame,
                RenewFrame,
                RenewedFrame,
                NeedEverywhereFrame,
                EverywhereFrame,
                TouchFrame,
                AttendFrame,
                NotifyFrame,
                NotifiedFrame,
                PushFrame,
                FindClientsFrame,
                ClientsFoundFrame,
                ClientsCheckedFrame,
                InventoryFrame,
                InventoriedFrame,
                CompareFrame,
                ComparedFrame,
                FetchFrame,
                FetchedFrame,
                MovedFrame,
                WhereaboutsFrame,
                FilterFrame,
                FilteredFrame,
                CommandFrame,
                ValidateFrame,
                CalledFrame,
                AdministerFrame,
                AdministeredFrame {
    /**
     * Ties an answer to its question: chosen by the asker, unique among its open ones, returned by the answer.
     *
     * @return the id; 0 where nothing is answered
     */
    long correlationId();

    /**
     * The type.
     *
     * @return the type
     */
    FrameType type();
}
