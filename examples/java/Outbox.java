import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.io.PrintStream;
import java.util.Map;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Binds three phones to players through the outbox and prints what became of each. Options come from the
 * environment: XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY, XGPUSH_ACCESS_POINT …
 */
public final class Outbox {
    /** What is used of xgpush.h. size_t is long here: a 64-bit machine. */
    interface Xgpush extends Library {
        Xgpush XG = Native.load("libxgpush.so.0", Xgpush.class, Map.of(OPTION_STRING_ENCODING, "UTF-8"));
        int ABI_VERSION = 1;
        int OK = 0;
        int NO_ACCOUNT_TYPE = Integer.MIN_VALUE;
        String[] STATES = {"none", "accepted", "rejected", "unknown", "not_sent"};

        int xg_abi_check(int headerAbi, PointerByReference error);
        String xg_error_message(Pointer error);
        void xg_error_free(Pointer error);
        Pointer xg_config_new();
        int xg_config_set_from_env(Pointer config, PointerByReference error);
        void xg_config_free(Pointer config);
        int xg_outbox_open(Pointer config, PointerByReference outbox, PointerByReference error);
        int xg_outbox_bind_n(Pointer outbox, byte[] token, long tokenLength, byte[] account, long accountLength,
                int accountType, long tag, PointerByReference error);
        long xg_outbox_poll(Pointer outbox, Pointer reports, long timeoutMs);
        long xg_outbox_close(Pointer outbox, long timeoutMs);
        void xg_outbox_free(Pointer outbox);
        int xg_reports_new(long room, PointerByReference reports, PointerByReference error);
        void xg_reports_free(Pointer reports);
        long xg_reports_tag(Pointer reports, long nth);
        int xg_reports_state(Pointer reports, long nth);
        String xg_reports_reason(Pointer reports, long nth);
        long xg_reports_code(Pointer reports, long nth);
        String xg_reports_message(Pointer reports, long nth);
    }

    private static final Xgpush XG = Xgpush.XG;

    private static void check(int status, PointerByReference error) {
        if (status == Xgpush.OK) return;
        String message = XG.xg_error_message(error.getValue());
        XG.xg_error_free(error.getValue());
        throw new IllegalStateException(message);
    }

    private static void bindAndTell(Pointer outbox, Pointer reports, PrintStream out) {
        PointerByReference error = new PointerByReference();
        String[] players = {"alice", "bob", "小明"}; // the tag of an operation is its player's number
        for (int tag = 1; tag <= players.length; tag++) {
            byte[] token = ("token-of-phone-" + tag).getBytes(UTF_8), account = players[tag - 1].getBytes(UTF_8);
            check(XG.xg_outbox_bind_n(outbox, token, token.length, account, account.length,
                    Xgpush.NO_ACCOUNT_TYPE, tag, error), error);
        }
        for (long seen = 0, count; seen < players.length; seen += count) {
            count = XG.xg_outbox_poll(outbox, reports, 30_000);
            if (count == 0) throw new IllegalStateException("no report came for 30 s");
            for (long n = 0; n < count; n++) {
                int tag = (int) XG.xg_reports_tag(reports, n);
                out.printf("%d\t%s\t%s\t%s\t%d\t%s\n", tag, players[tag - 1],
                        Xgpush.STATES[XG.xg_reports_state(reports, n)], XG.xg_reports_reason(reports, n),
                        XG.xg_reports_code(reports, n), XG.xg_reports_message(reports, n));
            }
        }
        out.println(XG.xg_outbox_close(outbox, 5000) + " left");
    }

    public static void main(String[] arguments) {
        PointerByReference error = new PointerByReference();
        PointerByReference outbox = new PointerByReference(), reports = new PointerByReference();
        Pointer config = XG.xg_config_new();
        try {
            check(XG.xg_abi_check(Xgpush.ABI_VERSION, error), error);
            check(XG.xg_config_set_from_env(config, error), error);
            check(XG.xg_outbox_open(config, outbox, error), error);
            check(XG.xg_reports_new(64, reports, error), error);
            bindAndTell(outbox.getValue(), reports.getValue(), new PrintStream(System.out, true, UTF_8));
        } finally {
            XG.xg_reports_free(reports.getValue());
            XG.xg_outbox_free(outbox.getValue());
            XG.xg_config_free(config);
        }
    }
}
