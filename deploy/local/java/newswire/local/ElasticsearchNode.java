package newswire.local;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/** One Elasticsearch node. Arguments: its home (modules and plugins), its configuration folder (elasticsearch.yml, log4j2.properties). */
public final class ElasticsearchNode {
    private ElasticsearchNode() {}

    public static void main(String[] arguments) throws Exception {
        Supervised.start();
        Settings home = Settings.builder().put("path.home", arguments[0]).build();
        Environment environment = InternalSettingsPreparer.prepareEnvironment(home, Map.of(), Path.of(arguments[1]), () -> {
            throw new IllegalStateException("node.name is missing from elasticsearch.yml");
        });
        LogConfigurator.configureESLogging();
        LogConfigurator.registerErrorListener();
        LogConfigurator.configure(environment, true);
        PluginsLoader plugins = PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(environment.modulesDir(), false),
            PluginsLoader.loadPluginsBundles(environment.pluginsDir(), false),
            Map.of(),
            false);
        Node node = new Node(environment, plugins);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node), "newswire-close"));
        node.start();
        new CountDownLatch(1).await(); // the node's threads are daemons
    }

    private static void close(Node node) {
        try {
            node.prepareForClose();
            node.close();
        } catch (Exception failed) {
            failed.printStackTrace();
        }
    }
}
