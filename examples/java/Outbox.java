import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.io.PrintStream;
import java.util.Map;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Binds three phones to players through the outbox and prints the outcome of each; the exit
 * status is 0 when all of it was accepted. Options come from the environment:
 * XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY, XGPUSH_ACCESS_POINT …
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
        int xg_outbox_stats(Pointer outbox, PointerByReference stats, PointerByReference error);
        void xg_outbox_free(Pointer outbox);
        String xg_stats_trouble(Pointer stats);
        void xg_stats_free(Pointer stats);
        int xg_reports_new(long capacity, PointerByReference reports, PointerByReference error);
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

    private static final String[] PLAYERS = {"alice", "bob", "小明"}; // the tag of an operation is its player's number

    private final Pointer outbox, reports;
    private final PrintStream out;
    private int open, failed;

    private Outbox(Pointer outbox, Pointer reports, PrintStream out) {
        this.outbox = outbox;
        this.reports = reports;
        this.out = out;
    }

    /** Tokens and accounts come from phones: what is none is refused, and the game goes on. */
    private void handIn(String token, String player, long tag) {
        PointerByReference error = new PointerByReference();
        byte[] bytes = token.getBytes(UTF_8), account = player.getBytes(UTF_8);
        try {
            check(XG.xg_outbox_bind_n(outbox, bytes, bytes.length, account, account.length,
                    Xgpush.NO_ACCOUNT_TYPE, tag, error), error);
            open++;
        } catch (IllegalStateException refused) {
            System.err.println(token + ": " + refused.getMessage());
        }
    }

    private long readReports(long timeoutMs) {
        long count = XG.xg_outbox_poll(outbox, reports, timeoutMs);
        for (long n = 0; n < count; n++) {
            int tag = (int) XG.xg_reports_tag(reports, n);
            String state = Xgpush.STATES[XG.xg_reports_state(reports, n)];
            if (!state.equals("accepted")) failed++;
            out.printf("%d\t%s\t%s\t%s\t%d\t%s\n", tag, PLAYERS[tag - 1], state,
                    XG.xg_reports_reason(reports, n), XG.xg_reports_code(reports, n),
                    XG.xg_reports_message(reports, n));
        }
        open -= (int) count;
        return count;
    }

    /** What fails in the background, such as a wrong key; "" while all is well. */
    private String trouble() {
        PointerByReference stats = new PointerByReference(), error = new PointerByReference();
        check(XG.xg_outbox_stats(outbox, stats, error), error);
        String trouble = XG.xg_stats_trouble(stats.getValue());
        XG.xg_stats_free(stats.getValue());
        return trouble;
    }

    /** Whether everything was accepted. */
    private boolean bindAndTell() {
        for (int tag = 1; tag <= PLAYERS.length; tag++) handIn("token-of-phone-" + tag, PLAYERS[tag - 1], tag);
        handIn("x".repeat(65), "mallory", 4); // no token of TPNS
        String last = "";
        for (int n = 0; n < 300 && open > 0; n++) { // at most 30 s
            readReports(100);
            String now = trouble();
            if (!now.equals(last)) System.err.println(now.isEmpty() ? "it works again" : now);
            last = now;
        }
        long left = XG.xg_outbox_close(outbox, 5000);
        while (readReports(0) > 0) { }
        out.println(left + " left");
        return failed + left == 0;
    }

    public static void main(String[] arguments) {
        PointerByReference error = new PointerByReference();
        PointerByReference outbox = new PointerByReference(), reports = new PointerByReference();
        boolean delivered;
        Pointer config = XG.xg_config_new();
        try {
            check(XG.xg_abi_check(Xgpush.ABI_VERSION, error), error);
            check(XG.xg_config_set_from_env(config, error), error);
            check(XG.xg_outbox_open(config, outbox, error), error);
            check(XG.xg_reports_new(64, reports, error), error);
            PrintStream out = new PrintStream(System.out, true, UTF_8);
            delivered = new Outbox(outbox.getValue(), reports.getValue(), out).bindAndTell();
        } finally {
            XG.xg_reports_free(reports.getValue());
            XG.xg_outbox_free(outbox.getValue());
            XG.xg_config_free(config);
        }
        if (!delivered) System.exit(1);
    }
}
