package newswire.local;

/** One Kafka process, broker and controller in one. Arguments: its properties file, the cluster's id. */
public final class KafkaBroker {
    private KafkaBroker() {}

    public static void main(String[] arguments) {
        Supervised.start();
        String properties = arguments[0];
        // Here and not in a process of its own: it saves the start of a whole JVM.
        int status = kafka.tools.StorageTool.execute(
            new String[] {"format", "--ignore-formatted", "--cluster-id", arguments[1], "--config", properties}, System.err);
        if (status != 0) {
            System.exit(status);
        }
        kafka.Kafka.main(new String[] {properties});
    }
}
